"""Addresses that the storefront and the desk share."""

from typing import Any

from kupec.web.api import articles
from kupec.web.help_script import knowledge_script
from kupec.web.media import media
from kupec.web.static import static_file

routes: list[Any] = [static_file, media, knowledge_script, articles.router]
