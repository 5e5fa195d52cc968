"""The operations about the customer's machines, and the sellers they may buy of."""

from typing import Any, Final, Literal

from kupec.customers import Part
from kupec.machines.mandates import Machine, Mandate, NewMachineKey, Purchase
from kupec.machines.sourcing import NewSupplier, Supplier, Weights
from kupec.web.my_api import bodies as b
from kupec.web.my_api import machines as m
from kupec.web.my_api import suppliers as s
from kupec.web.my_api.calls import Ok, Operation


def _row(
    method: Literal["get", "post", "put"],
    path: str,
    name: str,
    summary: str,
    work: Any,
    answer: type,
    body: type | None = None,
    *,
    part: Part = "buy",
    alone: bool = False,
) -> Operation:
    tag = "suppliers" if path.startswith("/suppliers") else "machines"
    part = "orders" if method == "get" else part
    return Operation(
        method=method,
        path=path,
        id=name,
        tag=tag,
        summary=summary,
        work=work,
        answer=answer,
        body=body,
        part=part,
        alone=alone,
    )


_ONE: Final = "/machines/{machine_id}"
_ITS: Final = "/machines/{machine_id}/mandates/{mandate_id}"

# No Idempotency-Key where a key is made: the answer would be kept, and the token with it.
MACHINES: Final = (
    _row("get", "/machines", "machines", "The account's machines, devices and agents.", m.machines, m.Machines),
    _row("post", "/machines", "register_machine", "Register an agent.", m.register, Machine, m.MachineIn),
    _row("get", _ONE, "machine", "A machine: its mandates, keys and latest purchases.", m.machine, m.MachineOut),
    _row("post", f"{_ONE}/pause", "pause_machine", "It buys nothing until it is resumed.", m.pause, Machine),
    _row("post", f"{_ONE}/resume", "resume_machine", "It buys again within its mandates.", m.resume, Machine),
    _row("post", f"{_ONE}/remove", "remove_machine", "Take it out for good: its keys open nothing.", m.remove, Ok),
    _row("post", f"{_ONE}/mandates", "grant_mandate", "Let it buy within limits.", m.grant, Mandate, m.MandateIn),
    _row("put", _ITS, "change_mandate", "Other limits from now on, in whole.", m.change, Mandate, m.TermsIn),
    _row("post", f"{_ITS}/revoke", "revoke_mandate", "The mandate allows nothing any more.", m.take_back, Mandate),
    _row("post", f"{_ONE}/keys", "new_machine_key", "A new key, told this once.", m.new_key, NewMachineKey, m.KeyIn),
    _row(
        "post",
        f"{_ONE}/keys/{{key_id}}/replace",
        "replace_machine_key",
        "A key in the place of this one, which goes on for an hour.",
        m.replace_key,
        NewMachineKey,
    ),
    _row("post", f"{_ONE}/keys/{{key_id}}/revoke", "revoke_machine_key", "The key opens nothing.", m.drop_key, Ok),
    _row("get", "/purchases/asked", "asked_purchases", "What machines want beyond their limits.", m.asked, m.Asked),
    _row(
        "post",
        "/purchases/{purchase_id}/approve",
        "approve_purchase",
        "Say yes at the price that was seen; it is ordered once, however often this is said.",
        m.approve,
        Purchase,
        b.ApproveIn,
        part="orders",
        alone=True,
    ),
    _row("post", "/purchases/{purchase_id}/deny", "deny_purchase", "Say no.", m.deny, Purchase, part="orders"),
    _row("get", "/suppliers", "suppliers", "Other sellers for machines, and what counts.", s.suppliers, s.Suppliers),
    _row("post", "/suppliers", "add_supplier", "Let machines buy of another seller.", s.add, Supplier, NewSupplier),
    _row("put", "/suppliers/weights", "weigh_suppliers", "What counts between sellers.", s.weigh, Weights, Weights),
    _row("post", "/suppliers/{supplier_id}/pause", "pause_supplier", "Nothing is bought there.", s.pause, Supplier),
    _row("post", "/suppliers/{supplier_id}/resume", "resume_supplier", "Buy there again.", s.resume, Supplier),
    _row("post", "/suppliers/{supplier_id}/remove", "remove_supplier", "Off the list.", s.remove, Ok),
)
