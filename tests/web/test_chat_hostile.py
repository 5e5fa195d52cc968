"""Whatever is said or sent, nothing of it runs in the panel: a corpus in every place that can be shown, in Chromium."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec
import pytest
from playwright.async_api import Page, async_playwright

from kupec.conversations import Block, Card, Cards, Choice, Choices, File, Link, Source, Text
from kupec.kit.db import Pool
from kupec.kit.ids import uuid7
from kupec.web.chat.showing import address
from tests.web.chat_payloads import ADDRESSES, TEXTS
from tests.web.chatting import chat_shop
from tests.web.test_desk_live import CHROMIUM, FLAGS, needs_browser

# What a page would suffer if something ran: a call of `hit`, a dialog, a new frame or page, an element with a handler.
WATCH = "window.hits = 0; window.hit = () => { window.hits += 1; }; window.alert = window.hit;"
FOUND = """() => {
  const faults = [];
  const look = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) look(node.shadowRoot);
      for (const { name, value } of node.attributes) {
        if (name.startsWith("on") || name === "srcdoc" || name === "style") faults.push(`${node.tagName} ${name}`);
        const place = ["href", "src", "action", "formaction", "data"].includes(name);
        if (place && !/^(https?:|mailto:|tel:|\\/)/.test(value)) faults.push(`${node.tagName} ${name}=${value}`);
      }
    }
  };
  const chat = document.querySelector("kupec-chat");
  look(chat.shadowRoot);
  const odd = chat.shadowRoot.querySelectorAll("script, iframe, object, embed, style, base, link, meta, math, audio");
  return [window.hits, faults, odd.length];
}"""


def everywhere(text: str, url: str) -> list[Block]:
    """One payload in every field that can be shown."""
    choices = (Choice(label=text, value=text), Choice(label=text, value=f"cart:add:{text}"))
    return [
        Text(text=text),
        Choices(text=text, choices=choices),
        Link(label=text, url=url),
        Source(title=text, url=url),
        Cards(
            kind=text,
            cards=(
                Card(title=text, lines=(text, text), picture=url, url=url, price=text, choices=choices),
                Card(title=text, picture=url),
            ),
        ),
        File(attachment_id=uuid7(), name=text, media_type="image/png", size=7),
    ]


@asynccontextmanager
async def open_panel(pool: Pool, dsn: str) -> AsyncIterator[tuple[Any, Page, list[str]]]:
    async with chat_shop(pool, dsn, over_http=True) as shop, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = await browser.new_context()
        page = await context.new_page()
        page.set_default_timeout(15_000)
        await page.add_init_script(WATCH)
        opened: list[str] = []
        page.on("dialog", lambda dialog: opened.append(dialog.message))
        context.on("page", lambda other: opened.append(other.url))
        # The shop's policy forbids inline handlers. It is the second line; here the first one has to hold by itself.
        await page.route("**/cs/cart", _without_policy)
        await page.goto(f"{shop.url}/cs/cart")
        await page.locator("kupec-chat .launcher").click()
        await page.locator("kupec-chat textarea").wait_for()
        await page.evaluate("document.querySelector('kupec-chat').load('more')")
        yield shop, page, opened
        await browser.close()


async def told(page: Page, messages: Sequence[dict[str, Any]]) -> None:
    """Hand messages to the panel as its stream does, past whatever the server would have mended."""
    await page.evaluate(
        """(messages) => {
          const talk = document.querySelector("kupec-chat").talk;
          for (const message of messages) {
            talk.hear(`id: 1.${message.at[1]}\\nevent: message\\ndata: ${JSON.stringify(message)}`);
          }
        }""",
        list(messages),
    )


@needs_browser
async def test_nothing_of_the_corpus_runs(pool: Pool, dsn: str, goods: dict[str, UUID]) -> None:
    assert len(TEXTS) + len(ADDRESSES) >= 60
    async with open_panel(pool, dsn) as (_, page, opened):
        await page.evaluate("document.querySelector('kupec-chat').talk.begin()")
        number = 0
        for at in range(max(len(TEXTS), len(ADDRESSES))):
            text, url = TEXTS[at % len(TEXTS)], ADDRESSES[at % len(ADDRESSES)]
            messages = []
            for author in ("bot", "person", "me", "activity"):
                number += 1
                blocks: list[dict[str, Any]] = msgspec.to_builtins(everywhere(text, url))
                if author == "activity":
                    blocks = blocks[:1]
                blocks = [{**block, **({"url": url} if block["type"] == "file" else {})} for block in blocks]
                who = {"from": author, "name": text, "source": text}
                messages.append({"id": f"m{number}", "at": [1, number], "time": text, "blocks": blocks, **who})
            await told(page, messages)
        state = {"bot": True, "files": True, "holder": "people", "state": "open", "place": TEXTS[1], "text": TEXTS[2]}
        await page.evaluate(
            "(told) => document.querySelector('kupec-chat').talk.hear(`event: state\\ndata: ${JSON.stringify(told)}`)",
            {**state, "agent": TEXTS[0]},
        )
        lines = [{"name": text, "quantity": text, "price": text, "url": ADDRESSES[0]} for text in TEXTS]
        await page.evaluate(
            "(cart) => document.querySelector('kupec-chat').showCart(cart)",
            {"pieces": TEXTS[0], "total": TEXTS[1], "lines": lines, "checkout": "javascript:hit()", "cart": "/x"},
        )
        count = await page.locator("kupec-chat .said").count()
        assert count >= 3 * len(TEXTS)
        for selector in ("a", "button.choice", "img", "input", "summary"):
            # What lies in wait for a pointer or a press gets both, without leaving the page.
            await page.evaluate(
                """(selector) => {
                  for (const node of document.querySelector("kupec-chat").shadowRoot.querySelectorAll(selector)) {
                    node.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
                    node.focus?.();
                    if (selector === "a" && !node.href.startsWith("javascript:")) continue;
                    if (selector === "a") node.click();
                  }
                }""",
                selector,
            )
        await page.wait_for_timeout(500)
        hits, faults, odd = await page.evaluate(FOUND)
        assert (hits, faults, odd, opened) == (0, [], 0, [])


@needs_browser
async def test_the_watch_sees_what_runs(pool: Pool, dsn: str, goods: dict[str, UUID]) -> None:
    """The control: the same payloads, put in as markup and as raw addresses, are noticed."""
    async with open_panel(pool, dsn) as (_, page, _opened):
        await page.evaluate(
            """(texts) => {
              const root = document.querySelector("kupec-chat").shadowRoot;
              for (const text of texts) {
                const place = document.createElement("div");
                place.innerHTML = text;
                root.append(place);
              }
              const link = document.createElement("a");
              link.href = "javascript:hit()";
              root.append(link);
              link.click();
            }""",
            TEXTS,
        )
        await page.wait_for_function("window.hits > 5")
        hits, faults, odd = await page.evaluate(FOUND)
        assert hits > 5
        assert any("onerror" in fault for fault in faults)
        assert any("javascript:" in fault for fault in faults)
        assert odd > 3


async def _without_policy(route: Any) -> None:
    answer = await route.fetch()
    headers = {name: text for name, text in answer.headers.items() if name != "content-security-policy"}
    await route.fulfill(response=answer, headers=headers)


@needs_browser
async def test_what_customers_and_bots_say_is_shown_as_it_was_said(
    pool: Pool, dsn: str, goods: dict[str, UUID]
) -> None:
    """The whole way: typed into the panel, stored, echoed by the bot, shown; and so again after a reload."""
    async with open_panel(pool, dsn) as (shop, page, opened):
        field = page.locator("kupec-chat textarea")
        for number, text in enumerate(TEXTS[:6]):
            await field.fill(text)
            await field.press("Enter")
            await page.locator("kupec-chat .said.bot").nth(number).wait_for()
        shop.bot.script["cards"] = everywhere(TEXTS[1], ADDRESSES[0])[:5]
        await field.fill("cards")
        await field.press("Enter")
        await page.locator("kupec-chat .cards").wait_for()
        for _ in range(2):
            shown = await page.locator("kupec-chat .said.me .body").all_inner_texts()
            assert TEXTS[0] in shown[0]
            hits, faults, odd = await page.evaluate(FOUND)
            assert (hits, faults, odd, opened) == (0, [], 0, [])
            await page.reload()
            await page.locator("kupec-chat .cards").wait_for()


@pytest.mark.parametrize("url", ADDRESSES)
def test_addresses_are_mended_on_the_way_out_too(url: str) -> None:
    told = address(url, "https://shop.example")
    assert told == "" or told.startswith(("https://shop.example/", "https://", "http://"))
