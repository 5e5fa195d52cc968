"""Articles in a table: a row is one wording of one article in one language. The columns: docs/knowledge.md."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from kupec.knowledge.drafts import Read, slug_of
from kupec.knowledge.models import Answer, ArticleDraft, ArticleText, Variable

_MOST_ROWS = 20_000
_YES = ("1", "yes", "true", "ano", "tak")
_NEEDED = ("title", "answer")
_COLUMNS = (
    *("code", "category", "language", "title", "slug", "phrasings", "answer"),
    *("channel", "voice", "audience", "variables", "source_url"),
)


def read_csv(text: str, *, language: str, category: str) -> list[Read]:
    """The articles of a table with a head row; commas or semicolons. Rows of one code are one article. Never raises."""
    said = text.lstrip("\ufeff")
    head = said.split("\n", 1)[0]
    try:
        separator = ";" if head.count(";") > head.count(",") else ","
        rows = list(csv.DictReader(io.StringIO(said, newline=""), delimiter=separator))
    except csv.Error as error:
        return [Read(place=1, code="", problem=f"this is no table: {error}")]
    columns = {name.strip().lower() for name in (rows[0] if rows else {}) if name}
    missing = [name for name in _NEEDED if name not in columns]
    if missing or len(rows) > _MOST_ROWS:
        problem = f"the column {missing[0]} is missing" if missing else f"more than {_MOST_ROWS} rows"
        return [Read(place=1, code="", problem=problem)]
    groups: dict[str, list[tuple[int, Mapping[str, str]]]] = {}
    for place, row in enumerate(rows, start=2):
        clean = {(name or "").strip().lower(): str(value or "").strip() for name, value in row.items()}
        if any(clean.values()):
            groups.setdefault(clean.get("code") or slug_of(clean["title"]), []).append((place, clean))
    return [_article(code, group, language, category) for code, group in groups.items()]


def _article(code: str, rows: Sequence[tuple[int, Mapping[str, str]]], language: str, category: str) -> Read:
    place = rows[0][0]
    texts: dict[str, ArticleText] = {}
    answers: list[Answer] = []
    variables: dict[str, Variable] = {}
    first: dict[str, Any] = {}
    for place, row in rows:
        spoken = row.get("language") or language
        if not row["title"] and spoken not in texts:
            return Read(place=place, code=code, problem="the title is missing")
        if not row["answer"]:
            return Read(place=place, code=code, problem="the answer is missing")
        if spoken not in texts:
            phrasings = [part.strip() for part in row.get("phrasings", "").split("|") if part.strip()]
            slug = row.get("slug") or slug_of(row["title"])
            texts[spoken] = ArticleText(title=row["title"], slug=slug, phrasings=phrasings)
        audience = row.get("audience", "")
        if audience not in ("", "formal", "informal"):
            return Read(place=place, code=code, problem=f"the audience “{audience}” is neither formal nor informal")
        answers.append(
            Answer(
                language=spoken,
                text=row["answer"],
                channel=row.get("channel", ""),
                voice=row.get("voice", "").lower() in _YES,
                audience=audience,  # type: ignore[arg-type]  # asked above
            )
        )
        found = _variables(row.get("variables", ""))
        if found is None:
            return Read(place=place, code=code, problem="a variable is such as fee=shipping_options.cheapest_text")
        variables |= found
        first = first or dict(row)
    draft = ArticleDraft(
        code=code,
        category=first.get("category") or category,
        texts=texts,
        answers=answers,
        variables=variables,
        source_url=first.get("source_url", ""),
    )
    return Read(place=rows[0][0], code=code, draft=draft)


def _variables(text: str) -> dict[str, Variable] | None:
    """ "fee=shipping_options.cheapest_text | mail=shop_facts.email"; None for what is none."""
    found = {}
    for part in filter(None, (each.strip() for each in text.split("|"))):
        name, _equals, source = part.partition("=")
        tool, _dot, field = source.partition(".")
        if not (name.strip() and tool.strip() and field.strip()):
            return None
        found[name.strip()] = Variable(tool=tool.strip(), field=field.strip())
    return found


def write_csv(drafts: Sequence[ArticleDraft]) -> str:
    """A table that `read_csv` reads back as the same articles."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS)
    writer.writeheader()
    for draft in drafts:
        for answer in draft.answers:
            writer.writerow(_row(draft, answer))
    return out.getvalue()


def _row(draft: ArticleDraft, answer: Answer) -> dict[str, str]:
    text = draft.texts[answer.language]
    return {
        "code": draft.code,
        "category": draft.category,
        "language": answer.language,
        "title": text.title,
        "slug": text.slug,
        "phrasings": " | ".join(text.phrasings),
        "answer": answer.text,
        "channel": answer.channel,
        "voice": "yes" if answer.voice else "",
        "audience": answer.audience,
        "variables": " | ".join(f"{name}={one.tool}.{one.field}" for name, one in draft.variables.items()),
        "source_url": draft.source_url,
    }
