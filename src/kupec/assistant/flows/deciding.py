"""What a customer's words mean for the flow that waits: an answer, a correction, a way out, or something else."""

from typing import Any, Final

import msgspec

from kupec.assistant.flows import hearing
from kupec.assistant.flows.filling import fill_from, heard_for, same, yes_or_no
from kupec.assistant.flows.flow import Call, Collect, Http, worded
from kupec.assistant.flows.run import Frame, TurnInput
from kupec.assistant.flows.walking import Walk
from kupec.assistant.flows.wanting import wanted_in
from kupec.assistant.flows.wording import in_words, options_of

SURE: Final = 0.75
"""From here on an intent is believed even against a question that stands open."""
LIKELY: Final = 0.4
"""From here on an intent is believed when nothing stands open."""
NEAR: Final = 0.15
"""Two intents no further apart than this are asked about, unless the first is sure."""
_SHORT_PICK: Final = 3
_LONGEST_PICK: Final = 8
"""Words: by its name alone something shown is picked in few, and in no more than these at all."""
SHORTEST_ORDER: Final = 4
"""Figures an order's number has at least, where nothing says that it is one."""
_DOES_NOT_KNOW: Final = "unknown"
IDENTIFIED: Final = "identified"
"""Values of buttons: the customer cannot tell what is asked; and they have just shown who they are."""
_BEGIN: Final = "flow:"
"""What a button's value begins with that starts a flow."""


def take(walk: Walk, turn: TurnInput) -> None:
    """Let the turn act on the run; the walk goes on afterwards."""
    turn, given = _named(turn)
    if given is not None and _pressed(walk, turn, given):
        return
    while walk.top is not None:
        if _answers(walk, walk.top, turn):
            return
        # A pattern's question may be left unanswered: what was said goes to what stands below it.
        frame = walk.top
        if frame is None or not walk.program(frame).flow.is_pattern:
            return
        walk.done(frame, "cancelled")
    _fresh(walk, turn)


def _named(turn: TurnInput) -> tuple[TurnInput, dict[str, Any] | None]:
    """The turn with a plain intent, and what a button brought with it: "flow:add_to_cart:product=Z-100"."""
    named = turn.choice or ""
    if named.startswith(_BEGIN):
        named = named.removeprefix(_BEGIN)
    elif turn.intent is not None and ":" in turn.intent and not turn.intent.startswith("article:"):
        named = turn.intent
    else:
        return turn, None
    code, _, rest = named.partition(":")
    given = dict(part.split("=", 1) for part in rest.split("&") if "=" in part)
    return msgspec.structs.replace(turn, intent=code, confidence=1.0, choice=None), given


def _pressed(walk: Walk, turn: TurnInput, given: dict[str, Any]) -> bool:
    """A button has named a flow: it begins, anew if it stands open on top. What is no slot of it is left out."""
    code = turn.intent or ""
    if not walk.may_begin(code):
        return False
    while walk.top is not None and (walk.program(walk.top).flow.is_pattern or walk.top.flow == code):
        walk.done(walk.top, "cancelled")
    program = walk.flows.get(code)
    known = program.flow.slots if program is not None else {}
    walk.begin(code, {name: value[:200] for name, value in given.items() if name in known})
    return True


def _fresh(walk: Walk, turn: TurnInput) -> None:
    """Nothing stands open."""
    if turn.choice == IDENTIFIED:
        walk.say_of("pattern_completed", "what", {})
        return
    agreed = yes_or_no(turn) if len(hearing.words_of(turn.text)) == 1 else None
    if agreed is not None:
        offered = [value for value, _label in walk.run.choices if value.startswith(_BEGIN)]
        walk.run.choices = []
        pressed, given = _named(msgspec.structs.replace(turn, choice=offered[0])) if len(offered) == 1 else (turn, None)
        if agreed and given is not None and _pressed(walk, pressed, given):
            return
        walk.say_of("pattern_completed", "what" if agreed else "bye", {})
        return
    if _of_the_shown(walk, turn):
        return
    near = _near(walk, turn)
    if len(near) > 1:
        titles = [{"code": code, "text": _title(walk, code)} for code in near]
        walk.pattern("pattern_clarification", {"options": titles})
    elif near:
        _begin(walk, near[0], turn)
    else:
        _look_up(walk, turn)


def _of_the_shown(walk: Walk, turn: TurnInput) -> bool:
    """Whether this speaks of the cards that were shown last: "the first", a name among them, or only how many."""
    options = [(value, [title]) for value, title in walk.run.shown]
    code = options[0][0].removeprefix(_BEGIN).partition(":")[0] if options else ""
    words, takes = len(hearing.words_of(turn.text)), turn.intent == code
    elsewhere = not takes and turn.confidence >= SURE and walk.may_begin(turn.intent or "")
    if not options or words > _LONGEST_PICK or elsewhere or turn.choice is not None or hearing.asks(turn.text):
        return False
    place = hearing.place_in(turn.text, len(options))
    value = options[place][0] if place is not None else None
    if value is None and (takes or words <= _SHORT_PICK):
        value = hearing.chosen_in(turn.text, options, by_number=False)
    if value is None and (wanted_in(turn.text) is not None or not (takes or hearing.quantity_in(turn.text))):
        return False
    if value is None:
        value = options[0][0] if len(options) == 1 else f"{_BEGIN}{code}"
    pressed, given = _named(msgspec.structs.replace(turn, choice=value))
    if not _pressed(walk, pressed, given or {}):
        return False
    if walk.top is not None and walk.top.flow == code:
        _fill(walk, walk.top, turn)
    return True


def _near(walk: Walk, turn: TurnInput) -> list[str]:
    """The flows this may be about: one, or a few that are equally likely."""
    ranked = [(turn.intent, turn.confidence), *turn.near] if turn.intent else list(turn.near)
    likely = [(code, sure) for code, sure in ranked if sure >= LIKELY]
    if not likely or not walk.may_begin(likely[0][0]):
        return []
    first = likely[0][1]
    if first >= SURE:
        return [likely[0][0]]
    found = [code for code, sure in likely if first - sure <= NEAR and walk.may_begin(code)]
    return list(dict.fromkeys(found))[:3]


def _title(walk: Walk, code: str) -> str:
    program = walk.flows.get(code)
    return program.title(walk.run.language) if program is not None else code


def _begin(walk: Walk, code: str, turn: TurnInput) -> None:
    frame = walk.begin(code, {})
    if frame is not None:
        _fill(walk, frame, turn)
        _want(walk, frame, turn)


def _want(walk: Walk, frame: Frame, turn: TurnInput) -> None:
    """Goods are rarely named alone: what is left of the sentence that asks for them."""
    slots = walk.program(frame).flow.slots
    wanting = [name for name, slot in slots.items() if slot.type == "product"]
    name = wanting[0] if len(wanting) == 1 else None
    if name is not None and frame.slots.get(name) is None and (wanted := wanted_in(turn.text)) is not None:
        frame.slots[name] = wanted


def _fill(walk: Walk, frame: Frame, turn: TurnInput, used: frozenset[str] = frozenset()) -> set[str]:
    program = walk.program(frame)
    return fill_from(program.flow.slots, frame.slots, turn, walk.values(frame), used=used)


def _look_up(walk: Walk, turn: TurnInput) -> None:
    article = (turn.intent or "").removeprefix("article:") if (turn.intent or "").startswith("article:") else ""
    walk.search(turn.text, article)


def _answers(walk: Walk, frame: Frame, turn: TurnInput) -> bool:
    """Whether the turn was taken by this frame (or by something it led to)."""
    is_pattern = walk.program(frame).flow.is_pattern
    if frame.waits == "identity":
        return _identified(walk, frame, turn)
    if _elsewhere(walk, frame, turn):
        if is_pattern:
            return False
        _begin(walk, turn.intent or "", turn)
        return True
    asked = walk.asked(frame)
    confirming = frame.waits == "confirm"
    if not is_pattern and hearing.cancels(turn.text) and turn.choice is None:
        walk.pattern("pattern_cancel", {"flow_title": walk.whole_title(frame)})
        return True
    if confirming:
        return _confirmed(walk, frame, turn)
    if (
        asked
        and not is_pattern
        and _no_answer(walk, frame, asked, turn)
        and _corrected(walk, frame, turn, besides=asked)
    ):
        return True
    if asked and (_filled(walk, frame, asked, turn) or _unknown(walk, frame, turn)):
        return True
    if is_pattern:
        return False
    return _otherwise(walk, frame, turn)


def _no_answer(walk: Walk, frame: Frame, asked: str, turn: TurnInput) -> bool:
    """Whether the words take something back rather than answer: then the text is no answer to the question asked."""
    slot = walk.slot(frame, asked)
    source, value = heard_for(slot, turn, walk.values(frame), asked=True)
    heard_in_text = value is not None and source == "" and slot.type not in ("text", "any", "product")
    return hearing.corrects(turn.text) and not (heard_in_text or (value is not None and source != ""))


def _identified(walk: Walk, frame: Frame, turn: TurnInput) -> bool:
    if turn.context.get("signed_in"):
        frame.waits = ""
        _fill(walk, frame, turn)
        return True
    walk.done(frame, "cancelled")
    if walk.top is None:
        if turn.intent == frame.flow:
            _begin(walk, frame.flow, turn)
        else:
            _fresh(walk, turn)
        return True
    return False


def _elsewhere(walk: Walk, frame: Frame, turn: TurnInput) -> bool:
    """Whether this is clearly about another flow: sure, and more than a value for what is asked."""
    if turn.intent is None or turn.choice is not None or not walk.may_begin(turn.intent):
        return False
    if any(one.flow == turn.intent for one in walk.run.frames):
        return False
    if hearing.cancels(turn.text) and not _asked_for_by_cancelling(walk, turn.intent):
        return False
    asked = walk.asked(frame)
    answers = frame.waits == "confirm" and yes_or_no(turn) is not None
    if asked and walk.slot(frame, asked).type not in ("text", "any", "product"):
        answers = heard_for(walk.slot(frame, asked), turn, walk.values(frame), asked=True)[1] is not None
    short = len(hearing.words_of(turn.text)) < 4
    return turn.confidence >= SURE and not (answers and (short or not hearing.asks(turn.text)))


def _asked_for_by_cancelling(walk: Walk, intent: str) -> bool:
    """Whether people ask for this flow in words of leaving ("cancel my order"); else such words leave what is open."""
    program = walk.flows.get(intent)
    phrasings = program.flow.phrasings.values() if program is not None else ()
    return any(hearing.cancels(phrase) for phrases in phrasings for phrase in phrases)


def _confirmed(walk: Walk, frame: Frame, turn: TurnInput) -> bool:
    if turn.choice not in ("yes", "no") and _corrected(walk, frame, turn, besides=""):
        return True
    node, said = walk.node(frame), yes_or_no(turn)
    if node is None or said is None or not isinstance(node.step, Call | Http):
        return _otherwise(walk, frame, turn)
    frame.misheard = 0
    if said:
        walk.call(frame, node)
    elif node.step.on_no:
        frame.at, frame.waits = walk.program(frame).inside(node, "on_no", node.step.on_no), ""
    else:
        walk.pattern("pattern_cancel", {"flow_title": walk.whole_title(frame)})
    return True


def _filled(walk: Walk, frame: Frame, asked: str, turn: TurnInput) -> bool:
    """Whether the question that stands open has its answer."""
    slot = walk.slot(frame, asked)
    source, value = heard_for(slot, turn, walk.values(frame), asked=True)
    if slot.type == "product" and turn.choice is None:
        shown = [(option.value, [option.label]) for option in walk.shown_for(frame.flow, asked)]
        source, value = ("", picked) if (picked := hearing.chosen_in(turn.text, shown)) else (source, value)
    if value is None or (source == "" and slot.type in ("text", "any", "product") and _is_question(turn)):
        return False
    frame.slots[asked] = value
    if asked not in frame.asked:
        frame.asked.append(asked)
    frame.misheard, frame.waits, walk.run.misunderstood = 0, "", 0
    _fill(walk, frame, turn, used=frozenset((source,)) - {""})
    return True


def _unknown(walk: Walk, frame: Frame, turn: TurnInput) -> bool:
    """Whether the customer does not know what is asked, and the flow has a way for that."""
    return (turn.choice == _DOES_NOT_KNOW or hearing.does_not_know(turn.text)) and walk.other_way(frame)


def _is_question(turn: TurnInput) -> bool:
    """Whether free text is rather a question of the customer's than the answer to ours."""
    about_article = (turn.intent or "").startswith("article:") and turn.confidence >= LIKELY
    return turn.choice is None and about_article and (hearing.asks(turn.text) or turn.confidence >= SURE)


def _corrected(walk: Walk, frame: Frame, turn: TurnInput, *, besides: str) -> bool:
    """Whether something said before is said otherwise now: it is filled anew, and the flow goes back to it.

    While a flow asks whether to do something, that holds as well for what it never had to ask: then it begins anew
    with all it knows, unless it has changed something already.
    """
    program = walk.program(frame)
    found: list[tuple[bool, int, str, Any]] = []
    for name in program.flow.slots:
        path = next((path for path in frame.trail if _collects(program.nodes[path].step, name)), None)
        unasked = path is None and frame.waits == "confirm" and not frame.changed
        if name == besides or (not unasked and (path is None or frame.slots.get(name) is None)):
            continue
        plainly, value = _restated(walk, frame, name, turn)
        if value is None or same(value, frame.slots.get(name)) or (unasked and not plainly):
            continue
        found.append((plainly, -1 if path is None else frame.trail.index(path), name, value))
    if not found:
        return False
    # What names its kind ("3 pieces") is meant for all it fits; a bare number only for what was said last.
    plain = [(index, name, value) for plainly, index, name, value in found if plainly]
    changed = plain or [max((index, name, value) for _plainly, index, name, value in found)]
    at = min(index for index, _name, _value in changed)
    for _index, name, value in changed:
        frame.slots[name] = value
    said = ", ".join(_named_value(walk, frame, name, value) for _index, name, value in changed)
    label = worded(program.flow.slots[changed[0][1]].label, walk.run.language)
    frame.at, frame.trail = (program.first, []) if at < 0 else (frame.trail[at], frame.trail[:at])
    frame.waits, frame.misheard = "", 0
    walk.pattern("pattern_correction", {"value": said, "slot_label": label})
    return True


def _named_value(walk: Walk, frame: Frame, name: str, value: Any) -> str:
    """The value as the customer hears it: of a choice, what its button says."""
    language = walk.run.language
    options = options_of(walk.slot(frame, name).choices, walk.values(frame), language)
    return next((option.label for option in options if option.value == value), in_words(value, language))


def _restated(walk: Walk, frame: Frame, name: str, turn: TurnInput) -> tuple[bool, Any]:
    """What is now said of a slot that was filled before, and whether it is plainly of its kind."""
    slot, values = walk.slot(frame, name), walk.values(frame)
    if slot.type in ("text", "any", "boolean") and not slot.entities:
        return False, None
    source, value = heard_for(slot, turn, values, asked=False)
    if source == "product" and not hearing.corrects(turn.text):  # goods are named again by who only speaks of them
        return True, None
    if value is not None or slot.type == "product":
        return True, value
    pieces = slot.type == "quantity" and hearing.quantity_in(turn.text) is not None
    if slot.type in ("text", "any", "boolean"):
        return False, None
    plainly = pieces or slot.type in ("email", "phone", "date", "interval", "money")
    _source, value = heard_for(slot, turn, values, asked=plainly or hearing.corrects(turn.text))
    if pieces:
        return True, value
    if value is None and slot.type == "interval":
        value = hearing.interval_like(turn.text, frame.slots.get(name))
    if slot.type == "order" and value is not None and len(str(value)) < SHORTEST_ORDER:
        return False, None
    return slot.type not in ("number", "quantity", "order"), value


def _collects(step: Any, name: str) -> bool:
    return isinstance(step, Collect) and step.collect == name


def _otherwise(walk: Walk, frame: Frame, turn: TurnInput) -> bool:
    """No answer: something else the flow wants to know, another flow, a question for knowledge, or not understood."""
    if _corrected(walk, frame, turn, besides=walk.asked(frame)) or _fill(walk, frame, turn):
        frame.misheard, frame.waits = 0, ""
        return True
    elsewhere = turn.intent is not None and turn.confidence >= LIKELY and turn.choice is None
    stands_open = any(one.flow == turn.intent for one in walk.run.frames)
    if elsewhere and not stands_open and walk.may_begin(str(turn.intent)):
        _begin(walk, str(turn.intent), turn)
        return True
    if elsewhere and turn.intent == frame.flow:
        frame.waits = ""
        return True
    if (turn.intent or "").startswith("article:") or hearing.asks(turn.text) or len(hearing.words_of(turn.text)) > 3:
        _look_up(walk, turn)
    else:
        walk.not_understood()
    return True
