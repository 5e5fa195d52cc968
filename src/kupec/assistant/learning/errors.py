"""What may keep a model from going live, or a suggestion from being decided."""

from kupec.kit.errors import KupecError


class ModelWorse(KupecError):
    """This model is worse than the one that answers now, so it was not published. Nothing has changed."""

    status = 409
    code = "model_worse"


class NeedsPerson(KupecError):
    """{cases} labelled questions cannot tell that this model is no worse ({needed} are needed). A person may decide."""

    status = 409
    code = "model_needs_person"


class NotJudged(KupecError):
    """This model was not compared with the one that answers now. Train it again."""

    status = 409
    code = "model_not_judged"


class NothingToRollBack(KupecError):
    """There is no earlier model to go back to."""

    status = 409
    code = "nothing_to_roll_back"


class TrainingFailed(KupecError):
    """The model could not be trained: {reason}. The one that answers now stays."""

    status = 500
    code = "training_failed"
