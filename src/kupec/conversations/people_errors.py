"""What can go wrong when people work with conversations, in words for who reads it."""

from kupec.kit.errors import KupecError


class NotOpen(KupecError):
    """This conversation was put together with another one. It goes on there; nothing was changed here."""

    status = 409
    code = "conversation_merged"


class CannotMerge(KupecError):
    """These two conversations cannot be put together: they are the same, or belong to different customers."""

    status = 409
    code = "cannot_merge"


class CannotUndo(KupecError):
    """This cannot be taken back any more: the conversations have gone on since. Nothing was changed."""

    status = 409
    code = "cannot_undo"


class CannotSplit(KupecError):
    """A conversation is split at one of its customer's or our messages, and something must be left before it."""

    status = 409
    code = "cannot_split"


class ShortcutTaken(KupecError):
    """There is a canned reply with the shortcut “{value}” already. Choose another one."""

    status = 409
    code = "shortcut_taken"


class UnknownVariable(KupecError):
    """This text asks for “{name}”, and nothing here says what that is. Fill it in by hand, or take it out."""

    status = 422
    code = "unknown_variable"


class SurveyOver(KupecError):
    """This question has been answered, or the link is no longer valid. Thank you all the same."""

    status = 410
    code = "survey_over"


class PlaybookCodeTaken(KupecError):
    """There is a playbook with the code “{value}” already. Choose another one."""

    status = 409
    code = "playbook_code_taken"


class PracticeOver(KupecError):
    """This practice is finished. Begin another one to try again."""

    status = 409
    code = "practice_over"
