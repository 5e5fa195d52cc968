"""What a message says: ours until the merchant says it, in a markup that cannot break a page."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES
from kupec.kit.money import Money
from kupec.outreach import (
    OURS,
    TEMPLATES,
    MailWords,
    Said,
    Sender,
    Template,
    Templates,
    message_letter,
    our_words,
    variables_of,
    words_of,
)
from kupec.outreach.markup import names_in, strange_in

SENDER = Sender(name="Zrnko", email="obchod@zrnko.example", base_url="https://shop.example", secret="s")
PRAGUE = ZoneInfo("Europe/Prague")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(OURS))
def test_our_words_name_only_what_there_is(code: str, language: str) -> None:
    subject, body = our_words(code, language)
    assert subject
    assert body
    assert not strange_in(body, variables_of(code)), body
    assert not strange_in(subject, [name for name in variables_of(code) if not name.startswith("link:")])
    assert set(names_in(body)) == set(names_in(our_words(code, "en")[1]))


def letter(body: str, language: str = "cs", subject: str = "S", **values: object) -> tuple[str, str, str]:
    named = {name.replace("link_", "link:"): value for name, value in values.items()}
    made = message_letter(subject, body, named, SENDER, language=language, zone=PRAGUE)  # type: ignore[arg-type]
    return made.title, made.html, made.text


def test_paragraphs_lists_links_and_buttons() -> None:
    title, html, text = letter(
        "Dobrý den,\n{name}\n\n{lines}\n\n- prvé\n- {link:shop obchod}\n\nViz {link:pay tu}.\n\n{link:pay Zaplatit}",
        subject="Objednávka {number}\n",
        name="Jana & <b>Nová</b>",
        number="Z1",
        lines=["2 × Káva", "1 × <i>Filtr</i>"],
        link_pay="/cs/order/abc",
    )
    assert title == "Objednávka Z1"
    assert "Dobrý den,<br>Jana &amp; &lt;b&gt;Nová&lt;/b&gt;" in html
    assert '<li style="margin:4px 0">1 × &lt;i&gt;Filtr&lt;/i&gt;</li>' in html
    assert 'href="https://shop.example/cs/order/abc"' in html
    assert html.count("display:inline-block") == 1, "only the link that stands alone is a button"
    assert "- 2 × Káva\n- 1 × <i>Filtr</i>\n" in text
    assert "- prvé\n- obchod: https://shop.example/cs" in text
    assert "Zaplatit: https://shop.example/cs/order/abc" in text


def test_a_line_that_names_what_is_not_known_is_left_out() -> None:
    _, html, text = letter(
        "Servis {product}.\nVýrobní číslo: {serial}\n\nPoznámka: {note}", product="Stroj", serial=None
    )
    assert "Servis Stroj." in text
    assert "Výrobní číslo" not in html + text
    assert "Poznámka" not in html + text


def test_values_read_as_the_language_writes_them() -> None:
    values = {
        "day": date(2026, 12, 3),
        "at": datetime(2026, 12, 3, 12, 5, tzinfo=UTC),
        "total": Money(129000, "CZK"),
        "decision": Said("Unsubscribe"),
    }
    _, _, czech = letter("{day} · {at} · {total} · {decision}", **values)
    assert "3. prosince 2026 · 3. prosince 2026 13:05 · 1\u00a0290\u00a0Kč · Odhlásit se" in czech
    _, _, english = letter("{day} · {at} · {total} · {decision}", language="en", **values)
    assert "3 December 2026 · 3 December 2026 13:05 · 1,290\u00a0CZK · Unsubscribe" in english


@given(st.text(max_size=200), st.text(max_size=60))
def test_no_text_and_no_value_breaks_out_of_the_page(body: str, name: str) -> None:
    _, html, _ = letter("{name} " + body.replace("{", "").replace("}", ""), name=name)
    assert "<script" not in html.lower() or "<script" not in (body + name).lower()
    inside = html.partition("</h1>")[2]
    assert inside.count("<b>") == 0


def test_what_the_merchant_does_not_say_is_said_in_our_words() -> None:
    document = Templates(templates={"dormant": Template(email=MailWords(subject={"cs": "Vraťte se"}))})
    assert words_of(document, "dormant", "cs") == ("Vraťte se", our_words("dormant", "cs")[1])
    assert words_of(document, "dormant", "pl") == our_words("dormant", "pl")


def test_an_added_message_speaks_a_language_it_knows() -> None:
    document = Templates(templates={"spring": Template(email=MailWords(subject={"cs": "Jaro"}, body={"cs": "Je tu."}))})
    TEMPLATES.check(document)
    assert words_of(document, "spring", "pl") == ("Jaro", "Je tu.")


BODY, SUBJECT = "templates.dormant.email.body.cs", "templates.dormant.email.subject.cs"


@pytest.mark.parametrize(
    ("template", "code", "path"),
    [
        (Template(email=MailWords(body={"cs": "{unknown}"})), "dormant", BODY),
        (Template(email=MailWords(body={"cs": "{name"})), "dormant", BODY),
        (Template(email=MailWords(body={"cs": "{name words}"})), "dormant", BODY),
        (Template(email=MailWords(body={"cs": "a\x00b"})), "dormant", BODY),
        (Template(email=MailWords(subject={"cs": "{link:shop}"})), "dormant", SUBJECT),
        (Template(email=MailWords(subject={"cs": "a\nb"})), "dormant", SUBJECT),
        (Template(email=MailWords(subject={"de": "a"})), "dormant", "templates.dormant.email.subject.de"),
        (Template(purpose="marketing.pigeon"), "dormant", "templates.dormant.purpose"),
        (Template(), "spring", "templates.spring.email"),
        (Template(email=MailWords(subject={"cs": "a"}, body={"cs": "b"})), "Spring", "templates.Spring"),
    ],
)
def test_a_fault_is_named_by_its_path(template: Template, code: str, path: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        TEMPLATES.check(Templates(templates={code: template}))
    assert list(refused.value.details["faults"]) == [path]
