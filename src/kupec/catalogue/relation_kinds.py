"""The ways in which products belong together."""

from typing import Final, Literal

RelationKind = Literal["fits", "spare_part_of", "consumed_by", "accessory_of", "related"]

OTHER_END: Final[dict[RelationKind, str]] = {
    "fits": "fitting",
    "spare_part_of": "spare_parts",
    "consumed_by": "consumables",
    "accessory_of": "accessories",
    "related": "related",
}
"""Each kind of relation, and what it is called from the other end."""
