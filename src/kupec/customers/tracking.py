"""What a browser says about being followed, before anybody is asked."""

from collections.abc import Mapping


def objects_to_tracking(headers: Mapping[str, str]) -> bool:
    """Whether Do-Not-Track or Global Privacy Control is on: then no visit is recorded, and nobody is asked to agree.

    `headers` are read whatever their case is, if the mapping does so.
    """
    return headers.get("dnt", "").strip() == "1" or headers.get("sec-gpc", "").strip() == "1"
