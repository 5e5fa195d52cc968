"""Raw mails as mail programs, servers, robots and worse write them, and what is to be read out of each.

Written by hand after the habits of the programs they are named for; nobody's mail.
"""

import base64
import quopri
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Case:
    """One mail. `text` is exactly what is read; `has` and `lacks` are words of it; the rest are fields of Incoming."""

    name: str
    raw: bytes
    text: str | None = None
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    nothing: bool = False
    """It is no message of anybody's."""
    statuses: tuple[tuple[str, str], ...] = ()


CASES: list[Case] = []
OURS = "kupec-" + "0" * 31 + "1@zrnko.example"


def _head(**more: str) -> str:
    lines = {
        "From": "Jana Nová <jana@seznam.cz>",
        "To": "shop@zrnko.example",
        "Subject": "Re: Objednávka",
        "Message-ID": "<1@seznam.cz>",
        "Date": "Tue, 10 Mar 2026 10:00:00 +0000",
        "In-Reply-To": "<x@zrnko.example>",
        "MIME-Version": "1.0",
    }
    for name, value in more.items():
        lines[name.replace("_", "-")] = value
    return "".join(f"{name}: {value}\n" for name, value in lines.items() if value)


def _plain(body: str, charset: str = "utf-8", *, transfer: str = "8bit", **head: str) -> bytes:
    content = body.encode(charset)
    if transfer == "base64":
        content = base64.encodebytes(content)
    elif transfer == "quoted-printable":
        content = quopri.encodestring(content)
    lines = _head(**head) + f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {transfer}\n\n"
    return lines.encode() + content


def _html(body: str, charset: str = "utf-8", **head: str) -> bytes:
    return (_head(**head) + f"Content-Type: text/html; charset={charset}\n\n").encode() + body.encode(charset)


def _multi(kind: str, *parts: bytes, **head: str) -> bytes:
    lines = (_head(**head) + f'Content-Type: multipart/{kind}; boundary="zz"\n\n').encode()
    return lines + b"".join(b"--zz\n" + part + b"\n" for part in parts) + b"--zz--\n"


def _part(kind: str, body: str | bytes, **head: str) -> bytes:
    lines = {"Content-Type": kind} | {name.replace("_", "-"): value for name, value in head.items()}
    content = body.encode() if isinstance(body, str) else body
    return "".join(f"{name}: {value}\n" for name, value in lines.items()).encode() + b"\n" + content


def _base64(kind: str, content: bytes, name: str, **head: str) -> bytes:
    return _part(
        kind,
        base64.encodebytes(content),
        Content_Transfer_Encoding="base64",
        Content_Disposition=f'attachment; filename="{name}"',
        **head,
    )


def case(name: str, raw: bytes, **expected: Any) -> None:
    CASES.append(Case(name=name, raw=raw, **expected))


# --- how programs quote ------------------------------------------------------------------------------

case(
    "outlook cs, plain",
    _plain(
        "Dobrý den,\n\nkde je můj balík?\n\nS pozdravem\nJana Nová\ntel. 601 234 567\n\n"
        "________________________________\nOd: Zrnko <shop@zrnko.example>\nOdesláno: úterý 10. března 2026 9:00\n"
        "Komu: Jana <jana@seznam.cz>\nPředmět: Objednávka\n\nDěkujeme za objednávku.\n"
    ),
    text="Dobrý den,\n\nkde je můj balík?",
    fields={"address": "jana@seznam.cz", "name": "Jana Nová", "language": "cs", "subject": "Objednávka", "quiet": ""},
)
case(
    "gmail pl, reply with a wrapped attribution",
    _plain(
        "Dzień dobry, proszę o fakturę.\n\npon., 9 mar 2026 o 10:12 Zrnko <shop@zrnko.example>\nnapisał(a):\n\n"
        "> Dziękujemy za zamówienie.\n> Zrnko\n",
        From="=?UTF-8?Q?Micha=C5=82_Kowalski?= <michal@gmail.com>",
    ),
    text="Dzień dobry, proszę o fakturę.",
    fields={"name": "Michał Kowalski", "language": "pl"},
)
case(
    "gmail cs",
    _plain(
        "Prosím zrušit.\n\nút 10. 3. 2026 v 9:12 odesílatel Zrnko <shop@zrnko.example> napsal:\n\n> Vaše objednávka\n"
    ),
    text="Prosím zrušit.",
)
case(
    "seznam",
    _plain(
        "Chtěla bych vrátit kávu.\n\n---------- Původní e-mail ----------\nOd: Zrnko <shop@zrnko.example>\n"
        "Komu: jana@seznam.cz\nDatum: 10. 3. 2026 9:00:00\nPředmět: Objednávka\nDobrý den\n"
    ),
    text="Chtěla bych vrátit kávu.",
)
case(
    "apple mail en",
    _plain(
        "Thanks, but where is the second bag?\n\nSent from my iPhone\n\n"
        "> On 10 Mar 2026, at 09:12, Zrnko <shop@zrnko.example> wrote:\n> \n> Your order is on its way.\n"
    ),
    text="Thanks, but where is the second bag?",
)
case(
    "apple mail cs",
    _plain(
        "Pošlete to prosím znovu.\n\nOdesláno z iPhonu\n\n10. 3. 2026 v 9:12, Zrnko <shop@zrnko.example>:\n\n> Ano\n"
    ),
    text="Pošlete to prosím znovu.",
)
case(
    "apple mail pl",
    _plain(
        "Kiedy dostawa?\n\nWiadomość napisana przez Zrnko <shop@zrnko.example> w dniu 10 mar 2026, o godz. 9:12:\n\n>\n"
    ),
    text="Kiedy dostawa?",
)
case(
    "thunderbird cs, answers between the lines",
    _plain(
        "Dobrý den,\n\nDne 10. 3. 2026 v 9:12 Zrnko napsal(a):\n> Jakou mletost si přejete?\nNa espresso.\n"
        "> A kam doslat?\nNa prodejnu.\n"
    ),
    text="Dobrý den,\n\nNa espresso.\nNa prodejnu.",
)
case(
    "thunderbird pl, answer below",
    _plain("W dniu 10.03.2026 o 09:12, Zrnko pisze:\n> Czy wszystko w porządku?\n\nTak, dziękuję bardzo!\n"),
    text="Tak, dziękuję bardzo!",
)
case(
    "outlook en in html",
    _html(
        "<html><body><p class=MsoNormal>Where is my invoice?</p><div id=divRplyFwdMsg><b>From:</b> Zrnko<br>"
        "<b>Sent:</b> Monday</div><div><p>Old words</p></div></body></html>"
    ),
    text="Where is my invoice?",
)
case(
    "outlook html without marks",
    _html(
        "<p>Fakturu prosím na firmu.</p><div style='border-top:solid #E1E1E1 1.0pt'><p><b>Od:</b> Zrnko<br>"
        "<b>Odesláno:</b> úterý<br><b>Komu:</b> Jana<br><b>Předmět:</b> Objednávka</p></div><p>staré</p>"
    ),
    text="Fakturu prosím na firmu.",
)
case(
    "gmail html alone",
    _html(
        '<div dir="ltr">Kde to <b>vázne</b>?</div><br><div class="gmail_quote"><div class="gmail_attr">út 10. 3.</div>'
        "<blockquote>Objednávka</blockquote></div>"
    ),
    text="Kde to vázne?",
)
case(
    "only a quote and nothing new: kept whole",
    _plain("Dne 10. 3. 2026 v 9:12 Zrnko napsal(a):\n> Vaše objednávka\n"),
    has=("Vaše objednávka",),
)
case(
    "a thank-you in the middle is no signature",
    _plain("Dobrý den,\nDěkuji, a mám ještě otázku:\nkdy přijde mlýnek?\n"),
    has=("kdy přijde mlýnek?",),
)
case(
    "a list is no signature",
    _plain("Prosím poslat:\n- 2x Brazílie\n- 1x Etiopie\nna adresu v Brně.\n"),
    text="Prosím poslat:\n- 2x Brazílie\n- 1x Etiopie\nna adresu v Brně.",
)
case(
    "one line that begins like a header",
    _plain("Do: piątku proszę o odpowiedź.\nDzięki, to pilne!\n"),
    has=("Do: piątku", "to pilne"),
)
case(
    "a forwarded mail is the matter itself",
    _plain(
        "Viz níže.\n\n---------- Forwarded message ---------\nFrom: Carrier <c@x.cz>\nSent: Monday\nTo: Jana\n"
        "Subject: Parcel\n\nYour parcel was returned to sender.\n",
        Subject="Fwd: Parcel",
    ),
    has=("Viz níže.", "returned to sender"),
)
case(
    "signature behind two dashes",
    _plain("Máte otevřeno v sobotu?\n-- \nJana Nová\nÚčetní, Firma s.r.o.\nKdy máte čas?\n"),
    text="Máte otevřeno v sobotu?",
)

# --- a first mail ------------------------------------------------------------------------------------

case(
    "a first mail says what it wants in the subject",
    _plain("Dobrý den,\nviz předmět. Jana\n", In_Reply_To="", Subject="=?utf-8?B?S2RlIGplIGJhbMOtaw==?= 10023?"),
    text="Kde je balík 10023?\n\nDobrý den,\nviz předmět. Jana",
    fields={"subject": "Kde je balík 10023?"},
)
case("an empty mail with a subject", _plain("", Subject="Zavolejte mi"), text="Zavolejte mi")

# --- letters -----------------------------------------------------------------------------------------

case("windows-1250", _plain("Žluťoučký kůň – 5 €", "windows-1250"), text="Žluťoučký kůň – 5 €")
case("iso-8859-2", _plain("Příliš žluťoučký", "iso-8859-2", transfer="quoted-printable"), text="Příliš žluťoučký")
case(
    "says iso-8859-2 and is windows-1250",
    _plain("Šťáva a žízeň", "windows-1250").replace(b"windows-1250", b"iso-8859-2"),
    text="Šťáva a žízeň",
)
case(
    "says us-ascii and is utf-8",
    _plain("Dobrý den, kde je to?").replace(b"charset=utf-8", b"charset=us-ascii"),
    text="Dobrý den, kde je to?",
)
case(
    "says utf-8 and is windows-1250",
    _plain("Ještě žádná zpráva", "windows-1250").replace(b"windows-1250", b"utf-8"),
    text="Ještě žádná zpráva",
)
case("unknown charset", _plain("Káva").replace(b"charset=utf-8", b"charset=klingon-7"), text="Káva")
case("a codec that is no charset", _plain("Káva").replace(b"charset=utf-8", b"charset=zlib"), text="Káva")
case(
    "quoted-printable broken on purpose",
    (_head() + "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n").encode()
    + b"K=C3=A1va =ZZ zdarma=\n=3D ano=",
    has=("Káva", "zdarma= ano"),
)
case("base64", _plain("Česká káva", transfer="base64"), text="Česká káva")
case(
    "base64 broken off",
    (_head() + "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n").encode()
    + base64.b64encode("Kde je balík?".encode())[:-3],
    has=("Kde je bal",),
)
case(
    "raw bytes in the header",
    _head(Subject="@@").encode().replace(b"@@", "Dotaz na kávu".encode("windows-1250"))
    + b"Content-Type: text/plain\n\nHello there, good people\n",
    fields={"subject": "Dotaz na kávu"},
)
case("null bytes", _plain("Kde\0 je\0 balík?\x07"), text="Kde je balík?")
case(
    "writing that is turned around",
    _plain("Otevřete \u202egnp.exe\u202c prosím"),
    text="Otevřete gnp.exe prosím",
)
case(
    "format=flowed",
    _plain("This is one long \nparagraph that was \nonly wrapped.\n\nAnother one.\n").replace(
        b"charset=utf-8", b"charset=utf-8; format=flowed"
    ),
    text="This is one long paragraph that was only wrapped.\n\nAnother one.",
)

# --- parts -------------------------------------------------------------------------------------------

case(
    "both, and the plain one is read",
    _multi(
        "alternative",
        _part("text/plain; charset=utf-8", "Kde je můj balík, prosím vás?"),
        _part("text/html; charset=utf-8", "<p>Kde je můj <b>balík</b>, prosím vás?</p>"),
    ),
    text="Kde je můj balík, prosím vás?",
    files=("original.html",),
)
case(
    "both, and the plain one only says to look at the other",
    _multi(
        "alternative",
        _part("text/plain", "See HTML"),
        _part("text/html", "<p>Please cancel order Z10023 and send the money back to my account.</p>"),
    ),
    text="Please cancel order Z10023 and send the money back to my account.",
)
case(
    "html alone, with a hidden line and a style",
    _html("<style>p{color:red}</style><div style='display:none'>preheader</div><p>Dobrý&nbsp;den</p><p>Káva</p>"),
    text="Dobrý den\n\nKáva",
)
case(
    "attachment",
    _multi(
        "mixed", _part("text/plain", "Here is the photo of it."), _base64("application/pdf", b"%PDF-1.4 x", "účet.pdf")
    ),
    text="Here is the photo of it.",
    files=("účet.pdf",),
)
case(
    "attachment named to climb out",
    _multi(
        "mixed", _part("text/plain", "See attached, please."), _base64("text/plain", b"x", "../../etc/pass\u202ewd")
    ),
    files=("passwd",),
)
case(
    "name by RFC 2231",
    _multi(
        "mixed",
        _part("text/plain", "See attached, please."),
        _part(
            "application/pdf",
            b"%PDF-1.4",
            Content_Disposition="attachment; filename*=utf-8''p%C5%99%C3%ADloha.pdf",
        ),
    ),
    files=("příloha.pdf",),
)
case(
    "inline pictures: the photo is kept, the logo is not",
    _multi(
        "related",
        _part("text/html", '<p>It leaks here:</p><img src="cid:photo"><img src="cid:logo">'),
        _base64("image/png", b"\x89PNG" + b"x" * 5000, "leak.png", Content_ID="<photo>"),
        _base64("image/png", b"\x89PNG" + b"x" * 500, "logo.png", Content_ID="<logo>"),
    ),
    text="It leaks here:",
    files=("leak.png", "original.html"),
)
case(
    "an invitation",
    _multi(
        "alternative",
        _part("text/plain", ""),
        _part(
            "text/calendar; charset=utf-8; method=REQUEST",
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY;LANGUAGE=cs:Servis kávovaru\\, Brno\nEND:VEVENT\nEND:VCALENDAR\n",
        ),
        Subject="Schůzka",
    ),
    has=("Servis kávovaru, Brno",),
    files=("invite.ics",),
)
case(
    "winmail.dat",
    _multi(
        "mixed", _part("text/plain", "Viz příloha, děkuji."), _base64("application/ms-tnef", b'x\x9f>"', "winmail.dat")
    ),
    text="Viz příloha, děkuji.",
    fields={"unsupported": "winmail"},
    files=("winmail.dat",),
)
case(
    "an attachment beyond measure",
    _multi("mixed", _part("text/plain", "The film of it."), _base64("video/mp4", b"x" * 10_000_001, "film.mp4")),
    text="The film of it.",
    fields={"unsupported": "too large"},
    files=(),
)
case(
    "more attachments than anybody wants",
    _multi(
        "mixed",
        _part("text/plain", "All of them."),
        *(_base64("application/pdf", b"%PDF", f"{number}.pdf") for number in range(25)),
    ),
    fields={"unsupported": "too many"},
    files=tuple(f"{number}.pdf" for number in range(20)),
)
case(
    "an attached mail",
    _multi(
        "mixed",
        _part("text/plain", "They wrote me this."),
        _part("message/rfc822", "From: x@y.cz\nSubject: Sleva\n\nKlikněte\n"),
    ),
    text="They wrote me this.",
    files=("Sleva.eml",),
)
case(
    "signed",
    _multi(
        "signed",
        _part("text/plain", "Podepsaný dotaz na kávu"),
        _base64("application/pkcs7-signature", b"0x", "smime.p7s"),
    ),
    text="Podepsaný dotaz na kávu",
)
_deep = b"Content-Type: text/plain\n\nDeep words\n"
for _level in range(40):
    _deep = (
        f'Content-Type: multipart/mixed; boundary="b{_level}"\n\n--b{_level}\n'.encode()
        + _deep
        + f"\n--b{_level}--\n".encode()
    )
case("forty multiparts, one in another", _head().encode() + _deep, text="Deep words")
_far = b"Content-Type: text/plain\n\nToo deep\n"
for _level in range(3000):
    _far = f'Content-Type: multipart/mixed; boundary="b{_level}"\n\n--b{_level}\n'.encode() + _far
case(
    "three thousand multiparts",
    _head().encode() + _far,
    text="Objednávka",
    fields={"unsupported": "broken", "address": "jana@seznam.cz"},
)
case(
    "a boundary that never comes",
    (_head() + 'Content-Type: multipart/mixed; boundary="none"\n\nHello there\n').encode(),
    fields={"address": "jana@seznam.cz"},
)
case(
    "huge headers",
    _plain("Krátký dotaz na kávu", Subject="x" * 100_000, References=" ".join(f"<{n}@x.cz>" for n in range(20_000))),
    has=("Krátký dotaz na kávu",),
)
case(
    "html that is nested beyond reason",
    _html("<div>" * 30_000 + "Deep question" + "</div>" * 30_000),
    text="Deep question",
)

# --- who it is from ----------------------------------------------------------------------------------

case(
    "a name that pretends to be an address",
    _plain("Pay here", From='"shop@zrnko.example" <thief@evil.example>'),
    fields={"address": "thief@evil.example", "name": ""},
)
case(
    "a name that decodes to an address",
    _plain("Pay here", From="=?utf-8?q?shop=40zrnko=2Eexample=3E?= <thief@evil.example>"),
    fields={"address": "thief@evil.example"},
)
case("nobody at all", _plain("Hello there, people", From="undisclosed"), nothing=True)
case("our own address", _plain("An echo", From="Zrnko <SHOP@zrnko.example>"), nothing=True)
case("a mail of ours that came back by a list", _plain("Echo", Message_ID=f"<{OURS}>"), nothing=True)

# --- robots ------------------------------------------------------------------------------------------

for _name, _more, _quiet in (
    ("out of office, RFC 3834", {"Auto_Submitted": "auto-replied (vacation)"}, "auto-reply"),
    ("out of office of outlook, cs", {"Subject": "Automatická odpověď: Objednávka"}, "auto-reply"),
    ("out of office, pl", {"Subject": "Autoodpowiedź: zamówienie"}, "auto-reply"),
    ("out of office, en", {"Subject": "Out of Office: Re: order"}, "auto-reply"),
    ("X-Autoreply", {"X_Autoreply": "yes"}, "auto-reply"),
    ("precedence auto_reply", {"Precedence": "auto_reply"}, "auto-reply"),
    ("empty return path", {"Return_Path": "<>"}, "auto-reply"),
    ("newsletter", {"List_Unsubscribe": "<https://x.cz/u>"}, "list"),
    ("mailing list", {"List_Id": "coffee <coffee.lists.cz>"}, "list"),
    ("bulk", {"Precedence": "bulk"}, "list"),
    ("another system's notice", {"Auto_Submitted": "auto-generated"}, "automatic"),
    ("no-reply", {"From": "Pošta <no-reply@posta.cz>"}, "automatic"),
    ("suppressed", {"X_Auto_Response_Suppress": "DR, OOF, AutoReply"}, "automatic"),
    ("a person says no", {"Auto_Submitted": "no"}, ""),
    ("a person's mail about one", {"Subject": "Re: Automatická odpověď"}, ""),
    ("a person with a return path", {"Return_Path": "<jana@seznam.cz>"}, ""),
):
    case(_name, _plain("Jsem na dovolené do 20. března.", **_more), fields={"quiet": _quiet})

# --- reports -----------------------------------------------------------------------------------------


def _report(kind: str, fields: str, returned: str, returned_as: str = "text/rfc822-headers") -> bytes:
    return (
        _head(From="MAILER-DAEMON@mx.example", Return_Path="<>")
        + (
            f'Content-Type: multipart/report; report-type={kind}; boundary="zz"\n\n'
            f"--zz\nContent-Type: text/plain\n\nSorry\n--zz\nContent-Type: message/{kind}\n\n{fields}\n"
            f"--zz\nContent-Type: {returned_as}\n\n{returned}\n--zz--\n"
        )
    ).encode()


_failed = (
    "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; jana@seznam.cz\n"
    "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 none\n"
)
case(
    "an answer of ours came back",
    _report("delivery-status", _failed, f"Message-ID: <{OURS}>"),
    nothing=True,
    statuses=((OURS, "failed"),),
)
case(
    "an answer of ours came back whole",
    _report("delivery-status", _failed, f"Message-ID: <{OURS}>\nSubject: x\n\nwords", "message/rfc822"),
    nothing=True,
    statuses=((OURS, "failed"),),
)
case(
    "only late",
    _report("delivery-status", _failed.replace("failed", "delayed"), f"Message-ID: <{OURS}>"),
    nothing=True,
)
case(
    "a report about somebody else's mail",
    _report("delivery-status", _failed, "Message-ID: <x@elsewhere.example>"),
    nothing=True,
)
case(
    "it was read",
    _report(
        "disposition-notification",
        f"Original-Message-ID: <{OURS}>\nDisposition: manual-action/MDN-sent-manually; displayed\n",
        "",
    ),
    nothing=True,
    statuses=((OURS, "read"),),
)
