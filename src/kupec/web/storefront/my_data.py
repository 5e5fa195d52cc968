"""What a customer asked to be told: the files, behind the link in the mail, for as many days as they are kept."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from kupec.customers import export_files, read_export
from kupec.kit.signing import unsign
from kupec.web.rendering import site_of
from kupec.web.saving import saved
from kupec.web.storefront.shop import open_shop, page

AnyRequest = Request[Any, Any, Any]


def _request_id(request: AnyRequest, token: str) -> UUID:
    """Answers 404 for a link that is not ours or too old."""
    site = site_of(request)
    value = unsign(site.settings.secret, "privacy-export", token, now=site.clock.now())
    if value is None:
        raise NotFoundException
    return UUID(value)


@get("/{language:str}/my-data/{token:str}", include_in_schema=False)
async def show(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    site = site_of(request)
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        files = await export_files(db, _request_id(request, token))
    return page(
        request,
        shop,
        "my_data.html",
        headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
        files=files,
        here=shop.address(f"/my-data/{token}"),
    )


@get("/{language:str}/my-data/{token:str}/{name:str}", include_in_schema=False)
async def file(request: AnyRequest, token: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    site = site_of(request)
    async with site.database.reading() as db:
        await open_shop(request, db)
        request_id = _request_id(request, token)
        kind, content = await read_export(db, site.settings.secret, request_id, name, now=site.clock.now())
    return saved(name, kind, content)


routes = (show, file)
