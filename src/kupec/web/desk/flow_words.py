"""Words of the pages about flows: the kinds of steps, what they lead to, the states of versions, channels."""

from collections.abc import Callable
from typing import Any

from kupec.kit.i18n import mark as _

STEP_WORDS = {
    "collect": _("asks"),
    "say": _("says"),
    "call": _("does"),
    "http": _("asks another system"),
    "branch": _("decides"),
    "link": _("goes on in"),
    "flow": _("runs"),
    "set": _("notes"),
    "again": _("asks again"),
    "handover": _("hands over"),
    "end": _("ends"),
    "do": _("goes back"),
}
STEP_ICONS = {
    "collect": "edit",
    "say": "chat",
    "call": "bolt",
    "http": "globe",
    "branch": "share",
    "link": "arrow-right",
    "flow": "refresh",
    "set": "note",
    "again": "undo",
    "handover": "user",
    "end": "check",
    "do": "undo",
}
FORK_WORDS = {
    "when": _("if"),
    "else": _("otherwise"),
    "no": _("if the answer is no"),
    "unknown": _("if the customer does not know it"),
    "error": _("if it fails with"),
}
VERSION_WORDS = {"draft": _("draft"), "published": _("holds"), "retired": _("held before"), "shipped": _("as shipped")}
VERSION_TONES = {"draft": "warn", "published": "good", "retired": "", "shipped": ""}
SKINS = {
    "web": _("Web chat"),
    "email": _("E-mail"),
    "telegram": _("Telegram"),
    "phone": _("Phone, as speech"),
}
"""The channels whose skin the simulator knows."""
FLOW_SENTENCES = {
    "flow.drafted": _("Flow {flow}: version {number} drafted"),
    "flow.published": _("Flow {flow}: version {number} published"),
    "flow.withdrawn": _("Flow {flow} withdrawn"),
    "flow.hosts_changed": _("Other systems for flows: {host}"),
    "flow.started": _("The assistant began the flow {flow}"),
    "flow.ended": _("The flow {flow} is over"),
}
ARTICLE_SENTENCES = {
    "article.drafted": _("Article {code}: version {number} drafted"),
    "article.reviewed": _("Article {code}: version {number} is in review"),
    "article.reviewed:back": _("Article {code}: version {number} was given back to its author"),
    "article.published": _("Article {code}: version {number} published"),
    "article.published:back": _("Article {code}: back to version {back_to}"),
    "article.retired": _("Article {code} withdrawn"),
    "article.learnt": _("Article {code}: another way to ask for it is known"),
    "article.learnt:forgotten": _("Article {code}: a way to ask for it was forgotten"),
    "article.source_changed": _("Article {code}: the page it was taken from says something else now"),
}
ARTICLE_VARIANTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "article.reviewed": lambda payload: ":back" if payload.get("state") == "draft" else "",
    "article.published": lambda payload: ":back" if payload.get("back_to") else "",
    "article.learnt": lambda payload: ":forgotten" if payload.get("forgotten") else "",
}
FLOW_ICONS = {"flow": "robot", "article": "note"}
BLANK = """\
code: my_flow
title: {cs: nový postup, pl: nowy scenariusz, en: a new flow}
description: What it is for, in a sentence.

# How customers ask for it; the more, the better it is recognised (eight or more in each language).
phrasings:
  cs: [jak to funguje]
  pl: [jak to działa]
  en: [how does it work]

# What it needs to know.
slots:
  number:
    type: order
    label: {cs: objednávka, pl: zamówienie, en: order}
    ask: {cs: "Jaké je číslo objednávky?", pl: "Jaki jest numer zamówienia?", en: "What is the number of the order?"}

# What it does, from top to bottom.
steps:
  - collect: number
  - say: done

# What it says.
answers:
  done:
    cs: "Děkuji, objednávka {number}."
    pl: "Dziękuję, zamówienie {number}."
    en: "Thank you, order {number}."

# Conversations that must go like this before it may be published.
examples:
  - name: Asked and answered
    language: en
    talk:
      - customer: "How does it work"
      - says: "number of the order"
      - customer: "10023"
      - bot: done
"""
