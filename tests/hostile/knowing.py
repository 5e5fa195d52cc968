"""The shop's articles say markup, too: titles, questions, answers, what was learnt and what was missed."""

from kupec.assistant.learning.keeping import keep_unhelpful
from kupec.experiments import CANDIDATE, LIVE, Arm, NewExperiment, start_experiment
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
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
    arms = (Arm(name=LIVE, version="1"), Arm(name=CANDIDATE, version="2.1"))
    tried = NewExperiment(subject=f"wording:{CODE}", arms=arms, note=HOSTILE[:200])
    await start_experiment(db, tried, actor=SETUP, now=NOON)


async def miss(db: Connection) -> None:
    """Questions that were not answered, each in a suggestion of its own."""
    for number in range(3):
        suggestion = uuid7()
        article = {"code": f"missed-{number}", "title": HOSTILE, "language": "cs", "text": HOSTILE}
        await db.execute(
            """insert into suggestion (id, kind, name, telling, language, draft, created_at, updated_at)
               values ($1, 'article', $2, array[$2], 'cs', $3, $4, $4)""",
            *(suggestion, HOSTILE[:110], article, NOON),
        )
        await keep_unhelpful(db, f"{number} {HOSTILE}", article=CODE, language="cs", channel="web", now=NOON)
        await db.execute("update missed_question set suggestion_id = $1 where suggestion_id is null", suggestion)
