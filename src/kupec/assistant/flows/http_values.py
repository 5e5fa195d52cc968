"""What is asked of another system, filled with what the flow knows: values cannot leave their place in the address."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from kupec.assistant.flows.expressions import look_up, value_of
from kupec.assistant.flows.flow import Request
from kupec.assistant.flows.run import HttpEffect
from kupec.assistant.flows.wording import NAMED


def filled_request(request: Request, values: Mapping[str, Any], key: str) -> HttpEffect:
    """The request ready to be sent. Every value is percent-encoded whole: no slash, no second host, no new query."""
    url = NAMED.sub(lambda found: quote(_plain(look_up(tuple(found[1].split(".")), values)), safe=""), request.url)
    query = {name: _plain(value_of(one, values)) for name, one in request.query.items()}
    body = {name: value_of(one, values) for name, one in request.body.items()} if request.method != "GET" else None
    return HttpEffect(
        method=request.method,
        url=url,
        query={name: value for name, value in query.items() if value},
        body=body,
        outputs={name: msgspec.to_builtins(output) for name, output in request.outputs.items()},
        timeout=request.timeout,
        key=key,
    )


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
