"""Sheets for the warehouse as PDF: a round through the shelves, and many labels as one file to print."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import typst

from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.sales.picking import Round

_ROUND = Path(__file__).parent / "round.typ"
# A page a label, each as large as the label is.
_LABELS = """
#let count = int(sys.inputs.count)
#set page(width: 105mm, height: 148mm, margin: 0mm)
#for index in range(count) {
  if index > 0 { pagebreak() }
  place(center + horizon, image("label-" + str(index) + ".pdf", width: 105mm, height: 148mm, fit: "contain"))
}
"""


def round_pdf(rounds: Sequence[Round], *, language: str, printed: str) -> bytes:
    """Picking rounds, a location a page; texts go in as data. Slow: call it in a thread."""
    made: bytes = typst.compile(
        _ROUND,
        root=_ROUND.parent,
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={
            "data": msgspec.json.encode(
                {
                    "language": language,
                    "printed": printed,
                    "words": {
                        "title": translate(language, _("Picking round")),
                        "pieces": translate(language, _("Pcs")),
                        "code": translate(language, _("Code")),
                        "product": translate(language, _("Product")),
                        "orders": translate(language, _("For orders")),
                        "gift": translate(language, _("gift")),
                    },
                    "rounds": [_told(each) for each in rounds],
                }
            ).decode()
        },
    )
    return made


def _told(each: Round) -> dict[str, object]:
    return {
        "location": each.location,
        "orders": len(each.orders),
        "pieces": each.pieces,
        "lines": [
            {
                "sku": line.sku,
                "name": line.name,
                "notes": [f"{label}: {value}" for label, value in line.options],
                "gift": line.gift,
                "quantity": line.quantity,
                "parcels": [f"{number} × {pieces}" for number, pieces in line.parcels],
            }
            for line in each.lines
        ],
    }


def labels_sheet(labels: Sequence[bytes]) -> bytes:
    """Labels, whoever made them, as one file of pages of the size A6. Slow: call it in a thread."""
    with tempfile.TemporaryDirectory() as folder:
        for index, pdf in enumerate(labels):
            (Path(folder) / f"label-{index}.pdf").write_bytes(pdf)
        sheet = Path(folder) / "labels.typ"
        sheet.write_text(_LABELS)
        made: bytes = typst.compile(
            sheet,
            root=Path(folder),
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"count": str(len(labels))},
        )
    return made
