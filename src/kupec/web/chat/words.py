"""What the panel tells of what was done in a conversation."""

from typing import Final

import msgspec

from kupec.conversations import Message
from kupec.kit.i18n import translate


def _(message: str) -> str:
    """Marks a message for the catalogues; it is translated when it is shown."""
    return message


_ACTIVITIES: Final[dict[str, str]] = {
    "handed_over": _("A person will take over."),
    "taken_over": _("{name} is here now and reads what was said before."),
    "handed_back": _("The bot answers again."),
    "resolved": _("This conversation is solved. Write whenever something comes up."),
}


class _Line(msgspec.Struct):
    code: str = ""


def activity_text(message: Message, name: str, language: str) -> str:
    """What the customer is told of something that was done; "" for what only the desk is told."""
    try:
        code = msgspec.json.decode(message.text, type=_Line).code
    except msgspec.DecodeError:
        return ""
    sentence = _ACTIVITIES.get(code, "")
    if "{name}" in sentence and not name:
        return ""
    return translate(language, sentence).format(name=name) if sentence else ""
