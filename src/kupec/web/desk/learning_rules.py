"""What the settings of the learning loop are called."""

from typing import Final

from kupec.kit.i18n import mark as _

LEARNING_FIELDS: Final = {
    "learning.customers": _("A suggestion needs so many customers"),
    "learning.questions": _("A suggestion needs so many questions"),
    "learning.days": _("Questions older than so many days make no suggestions"),
    "learning.grown": _("What was dismissed comes back when so many times as many customers ask"),
    "learning.fits": _("An intent there is is proposed when it fits at least so well (0 to 1)"),
    "learning.across": _("Questions in different languages may stand in one suggestion"),
    "learning.lost_after_days": _("A cart without an order is a lost sale after (days)"),
    "learning.held_out": _("Share of labelled questions that only judge models (0 to 0.5)"),
    "learning.cases": _("Labelled questions needed before a model may go live by itself"),
    "learning.margin": _("The share of right answers may be worse by at most (0 to 1)"),
    "learning.keep_days": _("Customers' words that were learnt from are kept for (days; 0: for good)"),
}
LEARNING_SECTION: Final = (
    _("Learning"),
    _("When questions become suggestions, and what a new model of the bot must show before it answers."),
)
