"""What this room holds about a customer: where their flows stand, what they met, what was learnt from them."""

from typing import Final

from kupec.assistant.learning import THEIRS, before_erasing
from kupec.kit.personal import Held, PrivacyPart

_THEIRS: Final = "conversation_id in (select id from conversation where customer_id = any($1::uuid[]))"

privacy_part = PrivacyPart(
    name="assistant",
    tables=(
        Held(table="bot_pending", where=_THEIRS, told=False),
        Held(table="flow_run", where=_THEIRS, secret=["state"]),
        Held(table="conversation_arm", where=_THEIRS),
        Held(table="flow_stumble", where=_THEIRS, told=False),
        Held(table="chat_context", where=_THEIRS),
        Held(table="learnt_phrase", where=THEIRS),
        Held(table="labelled_case", where=THEIRS),
        Held(table="missed_question", where=THEIRS),
    ),
    before=before_erasing,
)
