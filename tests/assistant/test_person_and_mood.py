"""Who wants a person, in thirty languages; who only speaks about one; and who is angry."""

from kupec.assistant.understanding import wants_person
from kupec.assistant.understanding.mood import is_angry, is_sensitive
from tests.pace import cpu_seconds

# A language, then ways to ask, three or more. The last lines: a voice as it is written down, and mistyped words.
WANTED = """
cs|chci mluvit s člověkem|prosim prepojte me na operatora|člověk|operátor prosím|můžete mi dát živého člověka?
cs|nechci mluvit s robotem|chci živou osobu|spojte mě s někým|potřebuju někoho z podpory
cs|zavolejte mi někoho živého|přepojit na člověka|můžu mluvit s vaším kolegou?|nechci bota, chci člověka
cs|mohu mluvit s operatorem|clovek prosim|chci s někým mluvit
sk|chcem hovoriť s človekom|prepojte ma na operátora|človek prosím|môžem hovoriť so živým človekom
sk|nechcem robota
pl|połącz mnie z konsultantem|chcę rozmawiać z człowiekiem|konsultant|proszę o kontakt z pracownikiem
pl|czy mogę porozmawiać z żywym człowiekiem|nie chcę rozmawiać z botem|polacz z czlowiekiem
en|I want to talk to a human|operator please|agent|real person please|can I speak to someone
en|let me talk to a representative|human|customer service|live agent|I don't want to talk to a bot
en|get me a human being|is there anybody there I can talk to|speak to a person
de|ich möchte mit einem Menschen sprechen|Mitarbeiter bitte|verbinden Sie mich mit einem Berater|Mensch
de|kann ich mit jemandem sprechen|ich will keinen Bot|echter Mensch bitte
nl|ik wil een mens spreken|medewerker alstublieft|kan ik met iemand praten|verbind me met een medewerker
fr|je veux parler à une personne|un conseiller s'il vous plaît|je voudrais parler à quelqu'un|parler à un humain
fr|passez-moi un agent
es|quiero hablar con una persona|operador por favor|agente humano|puedo hablar con alguien|pásame con un humano
es|necesito hablar con una persona real
pt|quero falar com uma pessoa|atendente por favor|posso falar com alguém|falar com um humano
it|voglio parlare con un operatore|operatore per favore|posso parlare con qualcuno
it|vorrei parlare con una persona
ro|vreau sa vorbesc cu un om|operator va rog|vreau să vorbesc cu cineva|pot vorbi cu o persoană
hu|szeretnék emberrel beszélni|ügyintézőt kérek|élő emberrel akarok beszélni|beszélhetek valakivel
hr|želim govoriti s osobom|operater molim|mogu li razgovarati s čovjekom
sl|želim govoriti s človekom|operater prosim|rad bi govoril z osebo
sr|želim da razgovaram sa čovekom|хоћу да причам са човеком|operatera molim
bg|искам да говоря с човек|оператор моля|свържете ме с човек
mk|сакам да зборувам со човек|оператор ве молам|поврзете ме со човек
da|jeg vil tale med et menneske|medarbejder tak|kan jeg tale med en person
sv|jag vill tala med en människa|medarbetare tack|kan jag få prata med någon
no|jeg vil snakke med et menneske|medarbeider takk|kan jeg få snakke med noen
fi|haluan puhua ihmisen kanssa|ihminen kiitos|voinko puhua asiakaspalvelijan kanssa
et|tahan rääkida inimesega|klienditeenindaja palun|kas ma saan rääkida inimesega
lv|vēlos runāt ar cilvēku|operatoru lūdzu|vai es varu runāt ar darbinieku
lt|noriu kalbėti su žmogumi|operatorių prašau|ar galiu pasikalbėti su darbuotoju
el|θέλω να μιλήσω με άνθρωπο|υπάλληλο παρακαλώ|συνδέστε με με εκπρόσωπο|thelo na miliso me anthropo
ga|ba mhaith liom labhairt le duine|duine le do thoil|an féidir liom labhairt le duine
mt|irrid nitkellem ma' persuna|persuna jekk jogħġbok|nista' nitkellem ma' bniedem
uk|хочу поговорити з людиною|оператор будь ласка|з'єднайте мене з оператором
ru|хочу поговорить с человеком|оператор пожалуйста|позовите человека
is|ég vil tala við manneskju|starfsmann takk|get ég talað við einhvern
sq|dua të flas me një njeri|operator ju lutem|mund të flas me një person
tr|bir insanla konuşmak istiyorum|müşteri temsilcisi lütfen|operatöre bağlan
ca|vull parlar amb una persona|operador si us plau|puc parlar amb algú
voice|ehm chtěl bych prosím mluvit s operátorem no|no ja bych radši člověka|dejte mi sem člověka
voice|uh can i just talk to a real person please|já chci člověka
typo|chci mluvit s clovekm|chci cloveka|operátr prosím|konzultant prosze|reprezentative please|talk to a humna
"""
SPOKEN_ABOUT = """
nechci člověka
nepotřebuju operátora, stačí mi bot
kolik stojí káva pro dvě osoby
kávovar pro 4 osoby
chci objednat kávu
chci objednat dvě osobní váhy
přeju si kávu pro kolegu
jaký je nejlepší kávovar pro jednu osobu
chci kávovar do kanceláře pro 20 lidí
mluvil jsem s operátorem a nic
včera mi volal váš operátor
kurýr byl milý člověk
doručte to prosím jiné osobě
chci dárek pro kolegyni
máte dárek pro člověka, který má všechno?
I ordered a machine for one person
can I buy it for someone else
is it safe for a person with allergy
I want a gift for someone
the agent was rude yesterday
chcę kupić kawę dla dwóch osób
prezent dla człowieka, który ma wszystko
ich möchte Kaffee für zwei Personen
quiero café para dos personas
je veux un café pour une personne
voglio un caffè per due persone
kde je moje objednávka
je to pro jednu osobu?
podporujete platbu kartou?
potřebuji podporu hlavy espressa
chci lidskou cenu
I don't want a human
no human please
potrebuji prodavat kavu
om
co je to agent?
děkuji, jste člověk?
jsi člověk?
are you a real person?
prosím pošlete to kolegovi
"""
ANGRY = """
To je nehorázné, jste neschopní
Tohle je podvod!!!
THIS IS RIDICULOUS
Jste zloději
je to hrozna ostuda, cekam uz treti tyden a je to katastrofa
To je skandál!!
Toto je neprijateľné a som veľmi sklamaný
Jesteście oszustami
To jest żenada i kpina
Skandaliczna obsługa!!!
You are a bunch of crooks
This is unacceptable, the worst service ever
What a joke!! Ridiculous
Das ist eine Frechheit!!
Das ist Betrug
Ich bin sehr enttäuscht, das ist inakzeptabel
Esto es una vergüenza, es inaceptable
Sois unos ladrones
¡¡Esto es una estafa!!
už mě to nebaví, je to potřetí co volám
"""
CALM = """
Je to neuvěřitelně dobrá káva
KOLIK STOJÍ DOPRAVA??
nehorázně dobrá káva!!
Stížnost na objednávku, kam ji mám poslat?
prosím okamžitě zrušte objednávku
Where is my order???
I would like to make a complaint
Das ist schlimm, aber kein Problem
unglaublich gut, danke!!
increíble café, gracias!!
Káva je strašně dobrá!!!
Reklamace: rozbitý hrnek
trochu jsem zklamaný
potřetí už objednávám, jste super
terribly tasty coffee!!
Nie jestem zadowolony
POTŘEBUJI POMOC
mám už dost kávy, děkuji
hrozně se těším!!
the third order please
"""


def test_a_person_is_asked_for_in_any_language() -> None:
    languages: dict[str, list[str]] = {}
    for line in WANTED.strip().splitlines():
        language, *said = line.split("|")
        languages.setdefault(language, []).extend(said)
    assert len(languages) >= 30
    assert all(len(phrases) >= 3 for phrases in languages.values())
    assert [said for phrases in languages.values() for said in phrases if not wants_person(said)] == []
    unaccented = str.maketrans("áčďéěíňóřšťúůýžąćęłńśźż", "acdeeinorstuuyzacelnszz")
    slavic = [said.translate(unaccented).upper() for code in ("cs", "sk", "pl") for said in languages[code]]
    assert [said for said in slavic if not wants_person(said)] == []


def test_not_every_person_is_asked_for() -> None:
    assert [said for said in SPOKEN_ABOUT.splitlines() if wants_person(said)] == []
    assert not wants_person(
        "na kávovar mi spadl člověk a teď nevím jestli ho mám reklamovat nebo jestli ho jen uklidit a jít"
    )


def test_anger_is_an_insult_or_two_signs_and_shouting_is_a_sign_beside_a_word() -> None:
    assert [said for said in ANGRY.strip().splitlines() if not is_angry(said)] == []
    assert [said for said in CALM.splitlines() if is_angry(said)] == []


def test_health_and_law_are_sensitive_and_so_is_what_the_merchant_adds() -> None:
    assert is_sensitive("popálil jsem se párou")
    assert is_sensitive("I will call my lawyer")
    assert not is_sensitive("kde je moje zásilka")
    assert is_sensitive("kazeta hoří", frozenset({"hori"}))


def test_long_messages_are_read_in_no_time() -> None:
    for piece in ("a ", "chci ", "clovek", ",", "!", "A", "podvod "):
        long = (piece * 50_000)[:50_000]
        assert cpu_seconds(lambda: (wants_person(long), is_angry(long))) < 3, piece  # noqa: B023
