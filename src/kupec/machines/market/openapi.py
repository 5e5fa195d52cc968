"""The market's addresses as OpenAPI 3.1, made from the very types that read its requests and write its answers."""

from functools import cache
from typing import Final

from kupec.kit.settings import Settings
from kupec.machines.describing import Operation, described
from kupec.machines.market.models import NewQuote, NewRfq
from kupec.machines.market.replaying import Replayed
from kupec.machines.market.shapes import Choice, OpenRfqs, PolicyIn, PolicyStands, QuoteShape, RfqShape

_RFQS: Final = "/market/v1/rfqs"
_RFQ: Final = f"{_RFQS}/{{rfq}}"
OPERATIONS: Final = (
    Operation(
        method="post",
        path=_RFQS,
        id="open_rfq",
        summary="Ask all sellers. The same Idempotency-Key is the same request; with another body it is a 409.",
        body=NewRfq,
        answers={201: RfqShape},
        faults=(401, 403, 404, 409, 413, 422, 429),
        key=True,
    ),
    Operation(
        method="get",
        path=_RFQS,
        id="list_rfqs",
        summary="What may be quoted on now.",
        answers={200: OpenRfqs},
        faults=(401, 403),
    ),
    Operation(
        method="get",
        path=_RFQ,
        id="get_rfq",
        summary="One request: for its machine with quotes and award once decided, for a seller with its own quote.",
        answers={200: RfqShape},
        faults=(401, 403, 404),
    ),
    Operation(
        method="post",
        path=f"{_RFQ}/quotes",
        id="quote",
        summary="A sealed quote in the place of the seller's earlier one.",
        body=NewQuote,
        answers={201: QuoteShape},
        faults=(401, 403, 404, 409, 413, 422, 429),
    ),
    Operation(
        method="post",
        path=f"{_RFQ}/award",
        id="award",
        summary="The buyer names the winner, where its rule says “named”.",
        body=Choice,
        answers={200: RfqShape},
        faults=(401, 403, 404, 409, 413, 422),
    ),
    Operation(
        method="get",
        path=f"{_RFQ}/replay",
        id="replay",
        summary="The award decided again from the stored record, for the machine that asked.",
        answers={200: Replayed},
        faults=(401, 403, 404, 409),
    ),
    Operation(
        method="put",
        path="/market/v1/policy",
        id="put_policy",
        summary="Have us quote for this seller by a policy.",
        body=PolicyIn,
        answers={200: PolicyStands},
        faults=(401, 403, 404, 413, 422),
    ),
)


@cache
def document(settings: Settings) -> bytes:
    """The document, encoded."""
    return described(
        OPERATIONS,
        settings,
        title="market",
        description="Machines ask, machines quote, a rule decides. Prices are of one piece, in minor units, with VAT.",
        ids={"rfq": "uuid"},
    )
