"""Which pictures may be kept: PNG, JPEG, WebP by their first bytes, and SVG that neither runs nor fetches anything."""

import re
from typing import Final
from xml.etree import ElementTree

from kupec.catalogue.errors import UnfitPicture

LARGEST: Final = 5_000_000
LARGEST_SVG: Final = 500_000

# Elements that only draw. Whatever is not here is refused: scripts, foreign markup, links, animation, embedded images.
_DRAWING_ELEMENTS: Final = """
svg g defs symbol use title desc metadata path rect circle ellipse line polyline polygon text tspan textPath
linearGradient radialGradient stop clipPath mask pattern marker style filter switch view
feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap
feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode
feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence
"""
_DRAWING: Final = frozenset(_DRAWING_ELEMENTS.split())
_SVG: Final = "{http://www.w3.org/2000/svg}"
_OUTSIDE: Final = re.compile(
    r"url\(\s*+['\"]?+\s*+(?!#)|image-set\(|src\(|@import|expression\(|javascript:|data:|//|\\", re.IGNORECASE
)
_DECLARATION: Final = re.compile(rb"\A\s*<\?xml\s[^>]*?\?>", re.IGNORECASE)
_ENCODING: Final = re.compile(rb"encoding\s*=\s*['\"]([^'\"]*)['\"]", re.IGNORECASE)


def check_picture(data: bytes, content_type: str) -> None:
    """Raises UnfitPicture, field "picture", with the reason, for what is not to be kept."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "image/svg+xml":
        _check_svg(data)
        return
    if len(data) > LARGEST:
        raise UnfitPicture(field="picture", reason=f"it is larger than {LARGEST // 1_000_000} MB")
    if _kind_by_bytes(data) != kind:
        raise UnfitPicture(field="picture", reason="it must be a PNG, JPEG, WebP or SVG, and be declared as what it is")


def _kind_by_bytes(data: bytes) -> str | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def _check_svg(data: bytes) -> None:
    if len(data) > LARGEST_SVG:
        raise UnfitPicture(field="picture", reason=f"an SVG may have {LARGEST_SVG // 1000} kB")
    body = _without_declaration(data)
    if b"<!DOCTYPE" in body.upper() or b"<!ENTITY" in body.upper() or b"<?" in body:
        raise UnfitPicture(field="picture", reason="an SVG may have no DOCTYPE, entities or processing instructions")
    try:
        root = ElementTree.fromstring(body.decode("utf-8"))  # noqa: S314
    except (ElementTree.ParseError, ValueError) as error:
        raise UnfitPicture(field="picture", reason=f"it is not readable SVG ({error})") from None
    if root.tag != f"{_SVG}svg":
        raise UnfitPicture(field="picture", reason="it is not SVG")
    for element in root.iter():
        _check_element(element)


def _without_declaration(data: bytes) -> bytes:
    """The document in UTF-8: in any other encoding, what stands in it could be hidden from these checks."""
    body = data.removeprefix(b"\xef\xbb\xbf")
    declaration = _DECLARATION.match(body)
    if declaration is None:
        return body
    encoding = _ENCODING.search(declaration.group())
    if encoding is not None and encoding.group(1).lower() not in (b"utf-8", b"us-ascii"):
        raise UnfitPicture(field="picture", reason="an SVG must be in UTF-8")
    return body[declaration.end() :]


def _check_element(element: ElementTree.Element) -> None:
    tag = element.tag
    if not tag.startswith(_SVG) or tag.removeprefix(_SVG) not in _DRAWING:
        name = tag.rpartition("}")[2]
        raise UnfitPicture(field="picture", reason=f"an SVG may not contain <{name}>")
    for attribute, value in element.attrib.items():
        name = attribute.rpartition("}")[2].lower()
        if name.startswith("on"):
            raise UnfitPicture(field="picture", reason=f"an SVG may not have the attribute {name}")
        if name in ("href", "src") and not value.strip().startswith("#"):
            raise UnfitPicture(field="picture", reason="an SVG may only refer to parts of itself")
        if _OUTSIDE.search(value):
            raise UnfitPicture(field="picture", reason=f"an SVG may only refer to parts of itself ({name})")
    if tag == f"{_SVG}style" and _OUTSIDE.search("".join(element.itertext())):
        raise UnfitPicture(field="picture", reason="an SVG may only refer to parts of itself (style)")
