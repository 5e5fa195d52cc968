"""A customer's tab with what they agree to, their points, and their wishes about their data."""

from typing import Any

from kupec.customers import (
    list_requests,
    was_erased,
)
from kupec.kit.db import Connection
from kupec.kit.i18n import translate
from kupec.kit.ids import uuid7
from kupec.kit.signing import sign
from kupec.web.consent_form import HOWS, KINDS, consent_view
from kupec.web.desk.customer_view import CustomerView
from kupec.web.desk.page import reader_of
from kupec.web.desk.privacy_words import OBSTACLES, REQUEST_KINDS, REQUEST_STATES, REQUEST_TONES
from kupec.web.desk.timeline import authors
from kupec.web.rendering import AnyRequest, language_of, site_of


async def consents(request: AnyRequest, db: Connection, page: CustomerView) -> dict[str, Any]:
    site, language = site_of(request), language_of(request)
    view = await consent_view(db, page.party.id, language=language, now=site.clock.now(), everything=True)
    requests = await list_requests(db, party_id=page.party.id, limit=20)
    said_by = [word.actor for word in view.history] + [one.asked_by for one in requests]
    return {
        "view": view,
        "requests": requests,
        "erased": await was_erased(db, page.party.id),
        "points_key": uuid7().hex,
        "said_by": await authors(db, said_by, reader_of(request)),
        "hows": _in(HOWS, language),
        "kinds": _in(KINDS, language),
        "preferences": f"/{page.party.language}/preferences/"
        f"{sign(site.settings.secret, 'preferences', str(page.party.id))}",
        **privacy_words(language),
    }


def privacy_words(language: str) -> dict[str, Any]:
    """What templates say of requests."""
    return {
        "request_kinds": _in(REQUEST_KINDS, language),
        "request_states": _in(REQUEST_STATES, language),
        "request_tones": REQUEST_TONES,
        "obstacle_words": _in(OBSTACLES, language),
    }


def _in(words: dict[str, str], language: str) -> dict[str, str]:
    return {code: translate(language, text) for code, text in words.items()}
