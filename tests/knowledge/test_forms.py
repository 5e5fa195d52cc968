"""Articles in files: read, written back the same, and what is wrong named with its place."""

from hypothesis import given
from hypothesis import strategies as st

from kupec.kit.db import Connection
from kupec.knowledge import (
    Answer,
    ArticleText,
    Variable,
    fingerprint,
    import_articles,
    read_csv,
    read_html,
    read_markdown,
    slug_of,
    write_csv,
    write_markdown,
)
from tests.knowledge.writing_articles import EDITOR, NOW, draft, publish_few

WHOLE = draft(
    answers=[
        Answer(language="en", text="It is **{fee}**.\n\n- one\n- two"),
        Answer(language="cs", text="Je to {fee}."),
        Answer(language="cs", text="Nahlas.", voice=True),
        Answer(language="cs", text="Hele.", channel="telegram", audience="informal"),
    ],
    variables={"fee": Variable(tool="shipping_options", field="cheapest_text")},
    source_url="https://old.example/faq",
)
MARKDOWN = """\
---
code: fee
category: general
variables: {fee: shipping_options.cheapest_text}
---
# en: How much is it?
? what does it cost
? price

It is {fee}.

::: telegram informal

Just {fee}.
---
code: nothing
---
# xx broken
---
code: fee
---
# en: Again?

Yes.
"""


def test_whole_articles_are_written_and_read_back() -> None:
    read = read_markdown(write_markdown([WHOLE, draft("returns")]), language="en", category="general")
    assert [one.problem for one in read] == ["", ""]
    assert sorted(read[0].draft.answers, key=str) == sorted(WHOLE.answers, key=str)  # type: ignore[union-attr]
    assert read[1].draft == draft("returns")
    table = read_csv(write_csv([WHOLE]), language="en", category="general")[0].draft
    assert table is not None
    assert (table.texts, table.variables, table.source_url) == (WHOLE.texts, WHOLE.variables, WHOLE.source_url)
    assert sorted(table.answers, key=str) == sorted(WHOLE.answers, key=str)


def test_front_matter_holds_everything_and_faults_have_their_line() -> None:
    good, broken, twice = read_markdown(MARKDOWN, language="en", category="general")
    assert good.draft is not None
    assert good.draft.texts["en"] == ArticleText(
        title="How much is it?", slug="how-much-is-it", phrasings=["what does it cost", "price"]
    )
    assert good.draft.answers[1] == Answer(language="en", text="Just {fee}.", channel="telegram", audience="informal")
    assert (broken.place, broken.draft) == (15, None)
    assert "a language begins with" in broken.problem
    assert (twice.place, twice.problem) == (19, "another article of this file has the same code")


def test_a_page_of_headings_is_a_page_of_questions() -> None:
    text = "# FAQ\n\nWelcome.\n\n## Do you roast?\n\nYes, **daily**.\n\n### Where?\n\nIn Prague.\n\n## Empty?\n"
    roast, empty = read_markdown(text, language="en", category="general")
    assert roast.code == "do-you-roast"
    assert roast.draft is not None
    assert roast.draft.answers[0].text == "Yes, **daily**.\n\n### Where?\n\nIn Prague."
    assert (empty.draft, empty.problem) == (None, "there is no answer below this heading")


def test_hostile_front_matter_is_refused() -> None:
    bomb = "---\ncode: &a [x]\ncategory: *a\n---\n"
    assert "must not repeat" in read_markdown(bomb, language="en", category="general")[0].problem
    for front in ("- 1", "code: !!python/object:os.system x", "code: [", "variables: {fee: nothing}"):
        read = read_markdown(f"---\n{front}\n---\n# en: A\n\nB\n", language="en", category="general")
        assert read[0].draft is None, front


def test_questions_are_taken_out_of_a_page() -> None:
    page = """<html><body><nav>Home <h2>Not this</h2></nav><main><h1>FAQ</h1>
      <h2>Do you <em>ship</em>?</h2><p>Yes, to <b>Poland</b>.</p><ul><li>by courier</li><li>by box</li></ul>
      <script>steal()</script><h2>Tea?</h2><p>See <a href="https://tea.example/x">tea</a>,
      <a href="javascript:alert(1)">not this</a>.</p></main></body></html>"""
    ship, tea = read_html(page, language="en", category="general", source_url="https://shop.example/faq")
    assert ship.draft is not None
    assert tea.draft is not None
    assert ship.draft.texts["en"].title == "Do you ship ?"
    assert ship.draft.answers[0].text == "Yes, to **Poland**.\n\n- by courier\n- by box"
    assert ship.draft.source_url == "https://shop.example/faq"
    assert tea.draft.answers[0].text == "See [tea](https://tea.example/x), not this."
    folded = "<details><summary>Open?</summary><p>Nine to five.</p></details>"
    assert read_html(folded, language="en", category="general")[0].draft.answers[0].text == "Nine to five."  # type: ignore[union-attr]
    listed = "<dl><dt>Where?</dt><dd>In Brno.</dd></dl>"
    assert read_html(listed, language="en", category="general")[0].code == "where"
    assert read_html("<p>No questions.</p>", language="en", category="general")[0].draft is None
    assert read_html("", language="en", category="general")[0].draft is None


def test_a_fingerprint_is_of_words_not_of_looks() -> None:
    plain = fingerprint("<main><p>Fee is  10.</p></main>")
    assert plain == fingerprint('<main class="new"><div><p style="x">Fee is 10.</p></div><script>1</script></main>')
    assert plain != fingerprint("<main><p>Fee is 11.</p></main>")


def test_faults_of_a_table_have_their_row() -> None:
    table = "code;title;answer;audience\na;A?;Yes.;\nb;B?;;\nc;C?;Yes.;rude\n;Dé?;Yes.;\n"
    read = read_csv(table, language="en", category="general")
    assert [(one.place, one.code, bool(one.draft)) for one in read] == [
        (2, "a", True),
        (3, "b", False),
        (4, "c", False),
        (5, "de", True),
    ]
    assert read_csv("code,title\n", language="en", category="general")[0].problem


async def test_bringing_in_again_changes_nothing_and_faults_leave_the_rest(db: Connection) -> None:
    await publish_few(db)
    wrong = draft("wrong", category="nowhere")
    text = write_markdown([draft(), draft("returns", "Now otherwise."), wrong, draft("fresh")])
    reads = read_markdown(text, language="en", category="general")
    done = await import_articles(db, reads, publish=True, actor=EDITOR, now=NOW)
    assert [one.outcome for one in done] == ["same", "changed", "refused", "new"]
    assert "category" in done[2].problem
    again = await import_articles(db, reads, publish=True, actor=EDITOR, now=NOW)
    assert [one.outcome for one in again] == ["same", "same", "refused", "same"]


@given(st.text(max_size=400))
def test_whatever_a_file_says_it_is_read_or_refused(text: str) -> None:
    for read in (
        *read_markdown(text, language="en", category="general"),
        *read_markdown(f"---\n{text}\n---\n# en: A\n{text}", language="en", category="general"),
        *read_html(text, language="en", category="general"),
        *read_csv(f"title,answer\n{text}", language="en", category="general"),
    ):
        assert (read.draft is None) == bool(read.problem)


@given(st.text(min_size=1, max_size=100))
def test_a_slug_is_an_address(title: str) -> None:
    slug = slug_of(title)
    assert slug
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug == slug.strip("-")
