"""What the settings of roll-outs are called."""

from typing import Final

from kupec.kit.i18n import mark as _

ROLLOUT_FIELDS: Final = {
    "experiments.guardrails": _("What stops a roll-out by itself"),
    "experiments.metric": _("Measure: handover, csat, error or resolved"),
    "experiments.margin": _("Worse by more than (a share from 0 to 1; of ratings, points)"),
    "experiments.least": _("Not before so many of each version were counted"),
    "experiments.at_once": _("At once when errors come in a flood"),
    "experiments.shares": _("Shares that are offered (0 to 1)"),
    "experiments.false_alarms": _("Chance that a version which is no worse is stopped (0 to 1)"),
}
ROLLOUT_SECTION: Final = (
    _("Roll-outs"),
    _("Which shares a new version is offered to, and what stops it when it is worse."),
)
