"""What somebody wrote in a mail, and not what hangs below it: quoted mails and signatures are cut."""

import re
from collections.abc import Sequence

from mailparser_reply.parser import EmailMessage  # type: ignore[import-untyped]

from kupec.kit.text import fold

LANGUAGES = ["cs", "pl", "en", "de"]
LONGEST = 60_000  # characters that are looked at
_LONGEST_LINE = 400  # for the library's patterns, which take their time over long lines
_MOST_SUSPECTS = 3_000  # characters in lines that begin as if they said who wrote
_SIGNED_WITHIN = 10  # lines below a closing formula

# A line that says who wrote what follows: a date or an address, and a verb with a colon.
_WROTE = re.compile(
    r"(?:napsal[ao]?|napsal\(a\)|píše|napisał[ao]?|napisał\(a\)|nadesłał[ao]?|pisze|wrote|writes|schrieb|geschrieben)"
    r"\s{0,3}:\s*$",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"^(?:dne|dnia|w dniu|on|am|po|út|st|čt|pá|so|ne|pon|wt|śr|czw|pt|sob|niedz|ndz|mon|tue|wed|thu|fri|sat|sun)\b"
    r"|^\d{1,2}[./ ]|^\d{4}-",
    re.IGNORECASE,
)
_APPLE = re.compile(r"^(?:Dne )?\d{1,2}\. ?\d{1,2}\. ?\d{4}.{0,200}[<\s][^<>@\s]{1,100}@[^<>@\s]{1,200}>?\s?:$")
_APPLE_PL = re.compile(r"^Wiadomość napisana przez .{1,300}:$", re.IGNORECASE)
_DASHES = re.compile(
    r"^\W{0,3}[-_=]{2,60}\s{0,3}(?:původní (?:zpráva|e-?mail)|original message|oryginalna wiadomość"
    r"|wiadomość oryginalna|ursprüngliche nachricht)\s{0,3}[-_=]{2,60}\s*$",
    re.IGNORECASE,
)
_FROM = re.compile(r"^[*\s]{0,4}(?:Od|From|Von|Nadawca|Odesílatel)\s?:[*\s]", re.IGNORECASE)
_LABEL = re.compile(
    r"^[*\s]{0,4}(?:Od|Odesláno|Komu|Předmět|Datum|Kopie|From|Sent|To|Subject|Date|Cc|Do|Wysłano|Wysłane|Temat|Data|DW"
    r"|Von|Gesendet|An|Betreff|Reply-To)\s?:",
    re.IGNORECASE,
)
_MOBILE = re.compile(
    r"^(?:odesláno|odeslané|poslané|poslano|sent|wysłane|wysłano|gesendet) (?:z|ze|from|von|über|přes)\b"
    r"|^(?:get outlook for|stáhnout outlook|získat outlook|pobierz aplikację outlook|outlook (?:pro|for|dla) )",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"^(?:s (?:pozdravem|úctou|přáním (?:hezkého|pěkného) dne|přátelským pozdravem)"
    r"|(?:hezký|pěkný) den(?: přeji| přeje)?"
    r"|(?:děkuji|díky|děkujeme|dziękuję|dzięki|thanks|thank you)"
    r"(?: (?:a|i|and) (?:s )?(?:pozdravem|pozdrawiam|zdravím))?"
    r"|zdravím|pozdravuji|(?:serdecznie )?pozdrawiam(?: serdecznie)?|z (?:poważaniem|wyrazami szacunku|pozdrowieniami)"
    r"|(?:best|kind|warm)(?: regards| wishes)?|regards|cheers|sincerely|yours (?:sincerely|faithfully)"
    r"|mit freundlichen grüßen|viele grüße)\s{0,3}[,.!]{0,3}$",
    re.IGNORECASE,
)
_LETTERS = {"cs": re.compile(r"[ěřůďťňčšžýí]", re.IGNORECASE), "pl": re.compile(r"[ąęłńśźżć]", re.IGNORECASE)}
_COMMON = {
    "cs": "|dobry|den|prosim|dekuji|kde|kdy|jsem|neni|nebo|muj|mate|chci|objednavka|balik|je|se|",
    "pl": "|dzien|dobry|prosze|dziekuje|gdzie|kiedy|jestem|nie|lub|moj|czy|zamowienie|paczka|jest|sie|",
    "en": "|hello|please|thank|thanks|where|when|is|not|the|my|have|want|order|parcel|you|your|and|i|",
}
_FORWARDED = re.compile(r"^\s*(?:fwd?|fw|pd|wg|přep|předáno)\s?:", re.IGNORECASE)


def is_forward(subject: str) -> bool:
    """Whether what hangs below is the matter itself."""
    return _FORWARDED.match(subject) is not None


def language_of_words(text: str) -> str | None:
    """A first guess by letters, else by the commonest words; None where nothing speaks for one language."""
    counts = {language: len(pattern.findall(text)) for language, pattern in _LETTERS.items()}
    if counts["cs"] != counts["pl"]:
        return max(counts, key=lambda language: counts[language])
    words = fold(text[:2000]).split()
    found = {
        language: sum(f"|{word.strip('.,!?')}|" in common for word in words) for language, common in _COMMON.items()
    }
    best = max(found, key=lambda language: found[language])
    return best if found[best] and list(found.values()).count(found[best]) == 1 else None


def newest_words(text: str) -> str:
    """What was written this time. Where nothing would be left, all of it: rather too much than nothing."""
    text = text[:LONGEST].strip()
    words = _without_signature(_without_quotes(text)).strip()
    return words or text


def _without_quotes(text: str) -> str:
    lines = text.split("\n")
    found = _where_quoted(lines)
    if found is None:
        return _by_library("\n".join(_unquoted(lines)).strip())
    begin, end = found
    above, below = lines[:begin], lines[end:]
    marked = [line for line in below if line.strip()][:5]
    # With ">" before what was quoted, words without it are an answer below, or between.
    answers = _unquoted(below) if any(line.lstrip().startswith(">") for line in marked) else []
    return "\n".join([*_unquoted(above), *answers]).strip()


def _unquoted(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if not line.lstrip().startswith(">")]


def _where_quoted(lines: Sequence[str]) -> tuple[int, int] | None:
    """The lines (from, until) that say that an older mail follows."""
    for at, raw in enumerate(lines):
        line = raw.strip()
        if not line or len(line) > _LONGEST_LINE:
            continue
        if _DASHES.match(line) or _APPLE.match(line) or _APPLE_PL.match(line):
            return at, at + 1
        if _FROM.match(line + " ") and _labels(lines[at : at + 8]) >= 3:
            rule = at > 0 and lines[at - 1].strip(" _-=*") == "" and lines[at - 1].strip() != ""
            return (at - 1 if rule else at), at + 1
        for length in (1, 2, 3) if _WHEN.match(line.lstrip("> ")) else (1,):
            said = " ".join(part.strip().lstrip("> ") for part in lines[at : at + length])
            if len(said) <= _LONGEST_LINE and _attribution(said):
                return at, at + length
    return None


def _attribution(line: str) -> bool:
    if not line.rstrip().endswith(":") or not _WROTE.search(line):
        return False
    return bool(re.search(r"\d", line)) and ("@" in line or bool(re.search(r"\d[.:/ ]\s?\d|\d{4}", line)))


def _labels(lines: Sequence[str]) -> int:
    return sum(1 for line in lines if _LABEL.match(line.strip()[:100]))


def _by_library(text: str) -> str:
    """What other mail programs write above what they quote."""
    lines = text.split("\n")
    suspects = sum(len(line) for line in lines if _WHEN.match(line))
    if not text or suspects > _MOST_SUSPECTS or any(len(line) > _LONGEST_LINE for line in lines):
        return text
    parts = EmailMessage(text=text, languages=list(LANGUAGES), keep_hyphen_lists=True).read().replies
    kept: list[str] = []
    for part in parts:
        # One "Do:" or "Data:" of its own is what people write; a mail's header has several.
        if part.headers and (_labels(part.headers.split("\n")) >= 2 or part.headers.rstrip().endswith(":")):
            break
        kept.append(part.content)
    return "\n".join(kept)


def _without_signature(text: str) -> str:
    lines = text.split("\n")
    for at, raw in enumerate(lines):
        line = raw.strip()
        if at == 0 or not line:
            continue
        rest = [one for one in lines[at + 1 :] if one.strip()]
        if raw.rstrip("\r") in ("-- ", "--", "—") or line == "--":
            return "\n".join(lines[:at])
        if _MOBILE.match(line) and len(line) < 120 and len(rest) <= _SIGNED_WITHIN:
            return "\n".join(lines[:at])
        if _CLOSING.match(line) and _is_signature(rest):
            return "\n".join(lines[:at])
    return text


def _is_signature(rest: Sequence[str]) -> bool:
    """Names, numbers and addresses: a few short lines that ask nothing."""
    return 0 < len(rest) <= _SIGNED_WITHIN and not any("?" in line or len(line) > 100 for line in rest)
