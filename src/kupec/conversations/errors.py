"""What can go wrong in a conversation, in words for who reads it."""

from kupec.kit.errors import KupecError


class WindowClosed(KupecError):
    """The time to answer here has run out. Nothing was sent. Choose a template, or another way to reach them."""

    status = 409
    code = "window_closed"


class NotHeld(KupecError):
    """The conversation is no longer in the bot's hands. What it wanted to say was dropped."""

    status = 409
    code = "not_held"


class NoWayOut(KupecError):
    """There is no address in this conversation to which an answer could go."""

    status = 409
    code = "no_way_out"


class CodeTaken(KupecError):
    """There is an inbox with the code “{value}” already. Choose another one."""

    status = 409
    code = "code_taken"


class UnknownChannel(KupecError):
    """There is no channel “{channel}” here. Known are: {known}."""

    status = 422
    code = "unknown_channel"


class Refused(KupecError):
    """This delivery does not prove where it comes from. Nothing was stored."""

    status = 403
    code = "delivery_refused"


class InboxClosed(KupecError):
    """This inbox is switched off."""

    status = 404
    code = "inbox_closed"


class SpokenOver(KupecError):
    """This call or visit has ended. What was said later belongs to a new one."""

    status = 409
    code = "spoken_over"
