"""A form as a browser would send it: every field with what stands in it."""

from html.parser import HTMLParser


class _Reader(HTMLParser):
    def __init__(self, action: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self._action = action
        self._inside = False
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        name = told.get("name")
        if tag == "form":
            self._inside = (told.get("action") or "").startswith(self._action) and told.get("method") == "post"
        if not self._inside:
            return
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in told:
            self.fields.append((self._select, told.get("value") or ""))
        elif tag == "textarea" and name:
            self._area = name
            self.fields.append((name, ""))
        elif tag == "input" and name and not (told.get("type") in ("checkbox", "radio") and "checked" not in told):
            self.fields.append((name, told.get("value") or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.fields[-1] = (self._area, self.fields[-1][1] + data)


def form_fields(page: str, action: str) -> list[tuple[str, str]]:
    """The fields of the form that is posted to an address beginning with `action`, without the token."""
    reader = _Reader(action)
    reader.feed(page)
    return [(name, value) for name, value in reader.fields if name != "form_token"]


def changed(fields: list[tuple[str, str]], values: dict[str, str]) -> list[tuple[str, str]]:
    """The fields with other values; what the form does not have is added, such as a button that is pressed."""
    known = {name for name, _ in fields}
    kept = [(name, values.get(name, value)) for name, value in fields]
    return [*kept, *((name, value) for name, value in values.items() if name not in known)]
