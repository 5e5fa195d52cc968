"""What can be wrong with a roll-out."""

from kupec.kit.errors import KupecError


class AlreadyOnTrial(KupecError):
    """Another version of this is being tried already ({code}). Stop or finish that first; nothing was changed."""

    status = 409
    code = "already_on_trial"


class TrialOver(KupecError):
    """This roll-out is over. Nothing was changed; start a new one to try the version again."""

    status = 409
    code = "trial_over"
