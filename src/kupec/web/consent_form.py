"""The form of consents, the same on the page behind the signed link and in the customer's account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kupec.customers import (
    Benefit,
    Consent,
    ConsentStanding,
    PointsEntry,
    Proof,
    consent_history,
    consents_of,
    give_consent,
    points_balance,
    points_history,
    withdraw_all,
    withdraw_consent,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate, translations
from kupec.kit.versions import published
from kupec.sales import PROMOTIONS
from kupec.web.forms import Form

HOWS = {
    "checkout": _("in the checkout"),
    "newsletter": _("in the newsletter form"),
    "preferences": _("on the preference page"),
    "portal": _("in the customer account"),
    "mail": _("by the link in a mail"),
    "verified": _("with a verified address"),
    "unsubscribe": _("by unsubscribing"),
    "visit": _("on the web"),
    "desk": _("at the desk"),
    "import": _("taken over from a file"),
}
KINDS = {
    "consent": _("for a consent"),
    "referral": _("for a recommendation"),
    "desk": _("at the desk"),
    "spent": _("exchanged"),
    "taken_back": _("taken back with a consent"),
    "expired": _("time ran out"),
}


class ConsentView(msgspec.Struct, frozen=True, kw_only=True):
    """All that the form shows. `benefits` says by purpose what is given in return, in words."""

    standings: list[ConsentStanding]
    history: list[Consent]
    benefits: dict[str, str]
    names: dict[str, str]
    points: int
    entries: list[PointsEntry]

    @property
    def any_given(self) -> bool:
        return any(one.last is not None and one.last.given for one in self.standings)


async def consent_view(
    db: Connection, party_id: UUID, *, language: str, now: datetime, everything: bool = False
) -> ConsentView:
    """What holds and what is asked; a purpose that is not asked here is shown once something was said about it."""
    standings = [
        one
        for one in await consents_of(db, party_id)
        if everything or one.last is not None or one.waiting or "preferences" in one.purpose.ask_at
    ]
    benefits = await benefits_in_words(db, [one.purpose for one in standings], language)
    return ConsentView(
        standings=standings,
        history=await consent_history(db, party_id),
        benefits=benefits,
        names={one.purpose.code: one.purpose.name(language) for one in standings},
        points=await points_balance(db, party_id, now=now),
        entries=await points_history(db, party_id, limit=50),
    )


async def benefits_in_words(db: Connection, purposes: Sequence[Any], language: str) -> dict[str, str]:
    """By purpose, what the customer gets in return; purposes that give nothing are left out."""
    promotions = {one.code: one for one in (await published(db, PROMOTIONS))[PROMOTIONS].promotions}
    found = {}
    for purpose in purposes:
        benefit: Benefit = purpose.benefit
        if benefit.kind == "points":
            template = translations(language).ngettext("%(num)d point", "%(num)d points", benefit.points)
            found[purpose.code] = template % {"num": benefit.points}
        elif benefit.kind == "coupon" and benefit.promotion in promotions:
            template = translate(language, _("a coupon: {promotion}"))
            found[purpose.code] = template.format(promotion=promotions[benefit.promotion].name(language))
    return found


async def save_choices(
    db: Connection, party_id: UUID, form: Form, *, proof: Proof, actor: Actor, now: datetime
) -> None:
    """What the switches say; of what the form did not show nothing changes. Errors as `give_consent`."""
    if "withdraw_all" in form:
        await withdraw_all(db, party_id, proof=proof, actor=actor, now=now)
        return
    shown, ticked = set(form.all("shown")), set(form.all("purpose"))
    for one in await consents_of(db, party_id):
        code = one.purpose.code
        if code not in shown or one.purpose.basis == "contract":
            continue
        if code in ticked and not one.allowed:
            await give_consent(db, party_id, code, proof=proof, actor=actor, now=now)
        elif code not in ticked and (one.allowed or one.outdated or one.waiting):
            await withdraw_consent(db, party_id, code, proof=proof, actor=actor, now=now)
