"""Articles as Markdown, for writing them in files and for taking them along. The form: docs/knowledge.md.

With front matter a file holds whole articles, in all languages and wordings. Without, it is a page of questions: every
second-level heading is one, and what follows is its answer.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import yaml

from kupec.knowledge.drafts import Read, codes_apart, slug_of
from kupec.knowledge.models import Answer, ArticleDraft, ArticleText, Variable

_FENCE = "---"
_LANGUAGE = re.compile(r"# (?P<language>[a-z]{2}): (?P<title>.+)")
_WORDING = re.compile(r":::\s*(?P<what>.*)")
_HEADING = re.compile(r"(?P<marks>#{1,3}) +(?P<title>.+?)\s*#*")
_AUDIENCES = ("formal", "informal")
_MOST_ALIASES = "the front matter must not repeat parts of itself (& and *)"


class _Unreadable(Exception):
    """Why an article cannot be read."""


def read_markdown(text: str, *, language: str, category: str) -> list[Read]:
    """The articles of a file. `language` and `category` are those of what does not say its own. Never raises."""
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.strip() != _FENCE:
        return list(codes_apart(list(_questions(lines, language, category))))
    return list(codes_apart([_article(place, front, body, category) for place, front, body in _articles(lines)]))


# --- with front matter ------------------------------------------------------------------------------


def _articles(lines: Sequence[str]) -> Iterator[tuple[int, str, list[str]]]:
    """The line where each begins, its front matter, and its body."""
    fences = [number for number, line in enumerate(lines) if line.strip() == _FENCE]
    begins = fences[::2]
    for order, begin in enumerate(begins):
        end = fences[2 * order + 1] if 2 * order + 1 < len(fences) else len(lines)
        after = begins[order + 1] if order + 1 < len(begins) else len(lines)
        yield begin + 1, "\n".join(lines[begin + 1 : end]), list(lines[end + 1 : after])


def _article(place: int, front: str, body: list[str], category: str) -> Read:
    code = ""
    try:
        about = _front_matter(front)
        code = str(about.get("code", ""))
        texts, answers = _languages(body)
        draft = msgspec.convert(
            {
                "category": category,
                **about,
                "texts": texts,
                "answers": answers,
                "variables": {name: _variable(name, said) for name, said in (about.get("variables") or {}).items()},
            },
            ArticleDraft,
        )
    except (_Unreadable, msgspec.ValidationError) as error:
        return Read(place=place, code=code, problem=str(error))
    return Read(place=place, code=draft.code, draft=draft)


def _front_matter(text: str) -> dict[str, Any]:
    if re.search(r"(^|[\s:\[,-])[&*][A-Za-z]", text):
        raise _Unreadable(_MOST_ALIASES)
    try:
        about = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _Unreadable(f"the front matter is no YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(about, dict) or not isinstance(about.get("variables") or {}, dict):
        raise _Unreadable("the front matter is no list of names and values")
    return about


def _variable(name: Any, said: Any) -> Variable:
    tool, dot, field = str(said).partition(".")
    if not dot or not tool or not field:
        raise _Unreadable(f"the variable {name} wants a tool and a field, as in shop_facts.email")
    return Variable(tool=tool, field=field)


def _languages(body: Sequence[str]) -> tuple[dict[str, ArticleText], list[Answer]]:
    texts: dict[str, ArticleText] = {}
    answers: list[Answer] = []
    part: list[str] = []
    language = title = ""

    def close() -> None:
        if language:
            text, said = _one_language(language, title, part)
            texts[language] = text
            answers.extend(said)

    for line in body:
        heading = _LANGUAGE.fullmatch(line.strip())
        if heading:
            close()
            language, title, part = heading["language"], heading["title"].strip(), []
            if language in texts:
                raise _Unreadable(f"the language {language} stands there twice")
        elif language:
            part.append(line)
        elif line.strip():
            raise _Unreadable("a language begins with a line such as “# en: How much is delivery?”")
    close()
    return texts, answers


def _one_language(language: str, title: str, lines: Sequence[str]) -> tuple[ArticleText, list[Answer]]:
    slug, phrasings = slug_of(title), []
    wordings: list[tuple[dict[str, Any], list[str]]] = [({}, [])]
    for line in lines:
        opened = _WORDING.fullmatch(line.strip())
        if opened:
            wordings.append((_wording(opened["what"]), []))
        elif line.startswith("? "):
            phrasings.append(line[2:].strip())
        elif line.startswith("slug: ") and not phrasings:
            slug = line.removeprefix("slug: ").strip()
        else:
            wordings[-1][1].append(line)
    answers = [Answer(language=language, text="\n".join(said).strip(), **what) for what, said in wordings if any(said)]
    return ArticleText(title=title, slug=slug, phrasings=phrasings), [one for one in answers if one.text]


def _wording(what: str) -> dict[str, Any]:
    """ "telegram voice informal" in any order."""
    found: dict[str, Any] = {}
    for word in what.split():
        if word == "voice":
            found["voice"] = True
        elif word in _AUDIENCES:
            found["audience"] = word
        elif "channel" not in found:
            found["channel"] = word
        else:
            raise _Unreadable(f"“{what}” names two channels")
    return found


# --- a page of questions ----------------------------------------------------------------------------


def _questions(lines: Sequence[str], language: str, category: str) -> Iterator[Read]:
    """Second-level headings, or first-level ones where there are no others."""
    headings = [(number, found) for number, line in enumerate(lines) if (found := _HEADING.fullmatch(line.strip()))]
    wanted = "##" if any(found["marks"] == "##" for _number, found in headings) else "#"
    starts = [(number, found["title"].strip()) for number, found in headings if found["marks"] == wanted]
    ends = [number for number, found in headings if len(found["marks"]) <= len(wanted)]
    for number, title in starts:
        end = next((each for each in ends if each > number), len(lines))
        answer = "\n".join(lines[number + 1 : end]).strip()
        yield question(number + 1, title, answer, language=language, category=category)


def question(place: int, title: str, answer: str, *, language: str, category: str, source_url: str = "") -> Read:
    """A question and its answer as an article."""
    code = slug_of(title)
    if not answer:
        return Read(place=place, code=code, problem="there is no answer below this heading")
    draft = ArticleDraft(
        code=code,
        category=category,
        texts={language: ArticleText(title=title, slug=code)},
        answers=[Answer(language=language, text=answer)],
        source_url=source_url,
    )
    return Read(place=place, code=code, draft=draft)


# --- writing ----------------------------------------------------------------------------------------


def write_markdown(drafts: Sequence[ArticleDraft]) -> str:
    """A file that `read_markdown` reads back as the same articles."""
    return "\n".join(_written(draft) for draft in drafts)


def _written(draft: ArticleDraft) -> str:
    about: dict[str, Any] = {"code": draft.code, "category": draft.category}
    if draft.position:
        about["position"] = draft.position
    if draft.source_url:
        about["source_url"] = draft.source_url
    if draft.variables:
        about["variables"] = {name: f"{one.tool}.{one.field}" for name, one in draft.variables.items()}
    lines = [_FENCE, yaml.safe_dump(about, sort_keys=False, allow_unicode=True, width=110).rstrip(), _FENCE, ""]
    for language, text in draft.texts.items():
        lines.append(f"# {language}: {text.title}")
        if text.slug != slug_of(text.title):
            lines.append(f"slug: {text.slug}")
        lines.extend(f"? {phrasing}" for phrasing in text.phrasings)
        said = [answer for answer in draft.answers if answer.language == language]
        for answer in sorted(said, key=lambda one: (one.channel, one.voice, one.audience)):
            what = " ".join(word for word in (answer.channel, "voice" * answer.voice, answer.audience) if word)
            lines.extend(["", f"::: {what}", "", answer.text] if what else ["", answer.text])
        lines.append("")
    return "\n".join(lines)
