"""The shop's articles say markup, too: titles, questions, answers in every wording, and what was learnt."""

from kupec.kit.db import Connection
from kupec.knowledge import Answer, ArticleDraft, ArticleText, add_phrasing, publish_article, save_article
from tests.hostile.visitor import HOSTILE
from tests.shop import NOON, SETUP

CODE = "hostile-article"
_MARKDOWN = f"**{HOSTILE}** [x](javascript:alert(1)) ![x](https://evil.example/x.png)\n\n- {HOSTILE}\n\n`{HOSTILE}`"


async def know(db: Connection) -> None:
    """One article in three languages, published, with another draft on top."""
    for title in (HOSTILE[:110], f"{HOSTILE[:100]}2"):
        texts = {
            language: ArticleText(title=title, slug=f"hostile-{language}", phrasings=[HOSTILE[:190]])
            for language in ("cs", "pl", "en")
        }
        answers = [Answer(language=language, text=_MARKDOWN) for language in texts]
        answers.append(Answer(language="cs", text=HOSTILE, channel="telegram", voice=True, audience="informal"))
        draft = ArticleDraft(code=CODE, category="general", texts=texts, answers=answers)
        await save_article(db, draft, note=HOSTILE[:200], actor=SETUP, now=NOON)
        if title == HOSTILE[:110]:
            await publish_article(db, CODE, actor=SETUP, now=NOON)
    await add_phrasing(db, CODE, "cs", f"{HOSTILE[:150]} learnt", source=HOSTILE, actor=SETUP, now=NOON)
    await db.execute("update article set source_now = 'b', source_print = 'a', source_problem = $1", HOSTILE)
