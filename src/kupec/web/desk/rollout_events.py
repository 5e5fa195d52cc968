"""What happens to roll-outs, in sentences."""

from collections.abc import Callable
from typing import Any, Final

from babel import Locale
from babel.numbers import format_percent

from kupec.experiments import LIVE
from kupec.kit.i18n import mark as _

ROLLOUT_SENTENCES: Final = {
    "experiment.started": _("The roll-out began, with {share} of conversations"),
    "experiment.share_changed": _("The share is {share} now"),
    "experiment.share_changed:channel": _("The share on {channel} is {share} now"),
    "experiment.stopped": _("The roll-out was stopped: {reason}"),
    "experiment.stopped:person": _("The roll-out was stopped; everybody has what held before"),
    "experiment.finished": _("The roll-out is decided: the version on trial holds for everybody"),
    "experiment.finished:live": _("The roll-out is decided: what held before stays"),
}
ROLLOUT_VARIANTS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "experiment.share_changed": lambda payload: ":channel" if payload.get("channel") else "",
    "experiment.stopped": lambda payload: ":person" if payload.get("reason") == "person" else "",
    "experiment.finished": lambda payload: ":live" if payload.get("winner") == LIVE else "",
}
ROLLOUT_ICONS: Final = {
    "experiment": "share",
    "experiment.stopped": "ban",
    "experiment.finished": "check",
}
ROLLOUT_CODES: Final = {
    "guardrail:handover": _("too many were handed over to people"),
    "guardrail:csat": _("customers were less content"),
    "guardrail:error": _("too much went wrong"),
    "guardrail:resolved": _("the bot settled fewer by itself"),
    "overtaken": _("another version was published meanwhile"),
    "rolled back": _("it was taken back"),
}


def percent(value: float, language: str, *, exact: bool = False) -> str:
    """A share as the reader writes it: as short as it says all, or `exact` to a tenth."""
    pattern = Locale.parse(language).percent_formats[None].pattern
    return str(format_percent(value, format=pattern.replace("#,##0", "0.0" if exact else "0.##"), locale=language))
