"""Addresses that the storefront and the desk share."""

from typing import Any

from kupec.web.media import media
from kupec.web.static import static_file

routes: list[Any] = [static_file, media]
