"""How roll-outs are guarded when nobody says otherwise: a versioned document."""

import msgspec

from kupec.experiments.models import METRICS, Guardrail
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind


class ExperimentRules(msgspec.Struct, frozen=True, kw_only=True):
    """`shares` are the steps that are offered. `false_alarms` is the chance that any guardrail of a roll-out stops a
    version that is no worse, however often one looks.
    """

    guardrails: tuple[Guardrail, ...] = (
        Guardrail(metric="error", margin=0.01, least=50, at_once=True),
        Guardrail(metric="handover", margin=0.03),
        Guardrail(metric="csat", margin=0.3, least=30),
    )
    shares: tuple[float, ...] = (0.01, 0.1, 0.5, 1.0)
    false_alarms: float = 0.05


def check_guardrail(one: Guardrail, path: str) -> None:
    """Raises InvalidValue naming the field below `path`."""
    metric = METRICS.get(one.metric)
    if metric is None:
        raise InvalidValue(field=f"{path}.metric", expected=_("one of handover, csat, error, resolved"))
    if not 0 <= one.margin < metric.span:
        raise InvalidValue(field=f"{path}.margin", expected=_("a margin from 0 up to what the metric spans"))
    if one.least < 10:
        raise InvalidValue(field=f"{path}.least", expected=_("at least 10 of each version"))


def _check(document: ExperimentRules) -> None:
    for place, one in enumerate(document.guardrails):
        check_guardrail(one, f"guardrails[{place}]")
    for place, share in enumerate(document.shares):
        if not 0 < share <= 1:
            raise InvalidValue(field=f"shares[{place}]", expected=_("a share above 0 and up to 1"))
    if not 0.001 <= document.false_alarms <= 0.2:
        raise InvalidValue(field="false_alarms", expected=_("a chance from 0.001 to 0.2"))


EXPERIMENTS: Kind[ExperimentRules] = Kind(
    "experiments", ExperimentRules, default=ExperimentRules, check=_check, permission="settings.write"
)
"""What guards a roll-out."""
