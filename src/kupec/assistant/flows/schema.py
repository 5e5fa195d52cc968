"""The JSON Schema of a flow's document, made of the structs themselves, so that an editor can help who writes one."""

from functools import cache
from typing import Any

import msgspec

from kupec.assistant.flows.flow import STEPS, Flow, Words

_REF = "#/$defs/{name}"


@cache
def flow_schema() -> dict[str, Any]:
    """JSON Schema 2020-12; every definition under its name in $defs."""
    kinds = [Flow, *STEPS.values()]
    schemas, defs = msgspec.json.schema_components([*kinds, Words], ref_template=_REF)
    step_names = [kind.__name__ for kind in STEPS.values()]
    defs = {name: _tidy(schema) for name, schema in defs.items()}
    defs["Step"] = {"description": "One step.", "anyOf": [{"$ref": _REF.format(name=name)} for name in step_names]}
    defs["Words"] = {**schemas[-1], "description": "A text by language; {names} in it are filled."}
    answer = [{"$ref": _REF.format(name="Words")}, {"$ref": _REF.format(name="Answer")}]
    flow = defs.pop("Flow")
    flow["properties"]["answers"]["additionalProperties"] = {"anyOf": answer}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:kupec:schema:flow",
        **flow,
        "title": "A flow",
        "$defs": defs,
    }


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """What may stand by name or in place has no one type."""
    for field in schema.get("properties", {}).values():
        if "anyOf" in field:
            field.pop("type", None)
    return schema
