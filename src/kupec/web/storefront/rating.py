"""The page behind the link of a question: how did we do, in one number, and in words if somebody likes."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.conversations import SURVEYS, SurveyOver, answer_survey, survey_from_token
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.versions import published
from kupec.web.forms import read_form
from kupec.web.rendering import site_of
from kupec.web.storefront.shop import open_shop, page

_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_LONGEST = 2_000
SCORES = {"csat": range(1, 6), "nps": range(11)}

AnyRequest = Request[Any, Any, Any]


@get("/{language:str}/survey/{token:str}", include_in_schema=False)
async def show(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    """Opening it answers nothing, since scanners open links. Answers 404 for one that is forged or out of date."""
    async with site_of(request).database.reading() as db:
        return await _page(request, db, token)


@post("/{language:str}/survey/{token:str}", include_in_schema=False)
async def answer(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    """Keep the answer; whoever has the link may."""
    site, form = site_of(request), await read_form(request)
    score, comment = form.text("score"), form.prose("comment", most=_LONGEST)
    try:
        async with site.database.transaction() as db:
            shop = await open_shop(request, db)
            given = int(score) if score.isdecimal() and len(score) < 3 else -1
            await answer_survey(db, token, secret=site.settings.secret, score=given, text=comment, now=site.clock.now())
    except (InvalidValue, SurveyOver) as error:
        async with site.database.reading() as db:
            return await _page(request, db, token, comment=comment, refused=isinstance(error, InvalidValue))
    return Redirect(shop.address(f"/survey/{token}"), status_code=303, headers=_PRIVATE)


async def _page(
    request: AnyRequest, db: Connection, token: str, *, comment: str = "", refused: bool = False
) -> Response[str]:
    site = site_of(request)
    shop = await open_shop(request, db)
    try:
        survey = await survey_from_token(db, token, secret=site.settings.secret, now=site.clock.now())
    except SurveyOver:
        raise NotFoundException from None
    rules = (await published(db, SURVEYS))[SURVEYS]
    own = rules.csat_question if survey.kind == "csat" else rules.nps_question
    return page(
        request,
        shop,
        "rating.html",
        status=422 if refused else 200,
        headers=_PRIVATE,
        token=token,
        survey=survey,
        question=own.get(shop.language, ""),
        scores=SCORES[survey.kind],
        comment=comment,
        refused=refused,
        longest=_LONGEST,
    )


routes = (show, answer)
