"""The form of an article: what stands in it, and what was typed."""

from typing import Any

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.knowledge import CHANNELS, Answer, ArticleDraft, ArticleText, Variable, slug_of
from kupec.web.forms import Form

CHANNEL_WORDS = {
    "": _("any channel"),
    "web": _("chat on the web"),
    "email": _("e-mail"),
    "telegram": _("Telegram"),
    "phone": _("phone"),
    "counter": _("counter"),
    "help": _("help pages"),
}
AUDIENCES = {"": _("everybody"), "formal": _("formal"), "informal": _("informal")}
MOST_WORDINGS = 8
"""Besides the one for every channel, in a language."""
_LONGEST = 20_000


def blank(query: Form) -> dict[str, Any]:
    """A new article; a question that brings one here is its title."""
    values: dict[str, Any] = {"code": "", "category": "", "position": 0, "source_url": "", "variables": ""}
    language, title = query.text("language", most=5), query.text("title", most=200)
    for one in LANGUAGES:
        said = title if one == language else ""
        values[one] = {"title": said, "slug": "", "phrasings": "", "answer": "", "wordings": [_empty()]}
    return values


def shown(draft: ArticleDraft) -> dict[str, Any]:
    """An article as the form has it."""
    values: dict[str, Any] = {
        "code": draft.code,
        "category": draft.category,
        "position": draft.position,
        "source_url": draft.source_url,
        "variables": "\n".join(f"{name} = {one.tool}.{one.field}" for name, one in draft.variables.items()),
    }
    for language in LANGUAGES:
        text = draft.texts.get(language)
        mine = [answer for answer in draft.answers if answer.language == language]
        plain = next((answer for answer in mine if _is_plain(answer)), None)
        values[language] = {
            "title": text.title if text else "",
            "slug": text.slug if text else "",
            "phrasings": "\n".join(text.phrasings) if text else "",
            "answer": plain.text if plain else "",
            "wordings": [_shown(answer) for answer in mine if not _is_plain(answer)] + [_empty()],
        }
    return values


def given_back(form: Form) -> dict[str, Any]:
    """What was typed, however wrong it is."""
    values: dict[str, Any] = {
        name: form.prose(name, most=_LONGEST) for name in ("code", "category", "position", "source_url", "variables")
    }
    for language in LANGUAGES:
        wordings = [
            {
                "channel": form.text(f"{language}.channel.{place}", most=_LONGEST),
                "voice": f"{language}.voice.{place}" in form,
                "audience": form.text(f"{language}.audience.{place}", most=_LONGEST),
                "text": form.prose(f"{language}.text.{place}", most=_LONGEST),
            }
            for place in range(MOST_WORDINGS)
        ]
        values[language] = {
            name: form.prose(f"{language}.{name}", most=_LONGEST) for name in ("title", "slug", "phrasings", "answer")
        } | {"wordings": [*(one for one in wordings if one["text"]), _empty()]}
    return values


def read_article(form: Form, code: str) -> ArticleDraft:
    """The article that was typed. A language without a title is none. Raises InvalidValue."""
    texts: dict[str, ArticleText] = {}
    answers: list[Answer] = []
    for language in LANGUAGES:
        title = form.text(f"{language}.title", most=300)
        said = list(_answers(form, language))
        if not title:
            if said:
                raise InvalidValue(field=f"texts.{language}.title", expected=_("a title for this language"))
            continue
        asked = form.prose(f"{language}.phrasings", most=_LONGEST).split("\n")
        phrasings = list(dict.fromkeys(" ".join(one.split()) for one in asked if one.strip()))
        slug = form.text(f"{language}.slug", most=200) or slug_of(title)
        texts[language] = ArticleText(title=title, slug=slug, phrasings=phrasings)
        answers.extend(said)
    first = next(iter(texts.values()), None)
    return ArticleDraft(
        code=code or (slug_of(first.title) if first else ""),
        category=form.text("category", most=60),
        texts=texts,
        answers=answers,
        variables=_variables(form.prose("variables", most=4000)),
        source_url=form.text("source_url", most=600),
        position=form.whole("position", least=-9999, most=9999, default=0),
    )


def _answers(form: Form, language: str) -> list[Answer]:
    found = []
    plain = form.prose(f"{language}.answer", most=_LONGEST)
    if plain:
        found.append(Answer(language=language, text=plain))
    for place in range(MOST_WORDINGS):
        text = form.prose(f"{language}.text.{place}", most=_LONGEST)
        channel = form.text(f"{language}.channel.{place}", most=20)
        audience = form.text(f"{language}.audience.{place}", most=20)
        if not text:
            continue
        if (channel and channel not in CHANNELS) or audience not in AUDIENCES:
            raise InvalidValue(field="answers", expected=", ".join(CHANNELS))
        voice = f"{language}.voice.{place}" in form
        found.append(
            Answer(language=language, text=text, channel=channel, voice=voice, audience=audience)  # type: ignore[arg-type]
        )
    return found


def _variables(text: str) -> dict[str, Variable]:
    found = {}
    for line in filter(None, (each.strip() for each in text.split("\n"))):
        name, _equals, source = line.partition("=")
        tool, _dot, field = source.strip().partition(".")
        if not (name.strip() and tool and field):
            raise InvalidValue(field="variables", expected=_("lines such as fee = shipping_options.cheapest_text"))
        found[name.strip()] = Variable(tool=tool.strip(), field=field.strip())
    return found


def _is_plain(answer: Answer) -> bool:
    return not (answer.channel or answer.voice or answer.audience)


def _shown(answer: Answer) -> dict[str, Any]:
    return {"channel": answer.channel, "voice": answer.voice, "audience": answer.audience, "text": answer.text}


def _empty() -> dict[str, Any]:
    return {"channel": "", "voice": False, "audience": "", "text": ""}
