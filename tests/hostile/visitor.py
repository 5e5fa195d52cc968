"""A visitor who trusts no answer: no fault of ours, headers on everything, and nothing in a page that was sent in."""

import json
import ssl
from html.parser import HTMLParser
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

MARK = "kupecxss"
HOSTILE = f"\"'><{MARK} a=b><img src=x onerror={MARK}()><script>{MARK}()</script>{{{{7*7}}}}</title></textarea><!--"
"""Breaks out of attributes, text, titles and text areas, if anything does."""

_ADDRESSES = frozenset({"href", "src", "action", "formaction", "poster", "data", "srcset", "manifest", "ping", "cite"})
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # httpx would load all certificates for each client
_REQUIRED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


class Form(NamedTuple):
    action: str
    fields: dict[str, str]
    """By name, as a browser would send them; what a person has to type or choose is empty."""


class Page(HTMLParser):
    """A page read as a browser does. `faults` are elements and attributes that came from somebody's text.

    A mail has styles of its own, and stands in a sandbox.
    """

    def __init__(self, source: str, *, mail: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        self._mail = mail
        self.faults: list[str] = []
        self.text = ""
        self.forms: list[Form] = []
        self.token = ""
        self._inside = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._inside = tag
        if MARK in tag:
            self.faults.append(f"<{tag}>")
        for name, value in values.items():
            styled = name == "style" and (MARK in value or not self._mail)
            if MARK in name or name.startswith("on") or name == "srcdoc" or styled:
                self.faults.append(f"<{tag} {name}={value!r}>")
            if name in _ADDRESSES and not _harmless(value):
                self.faults.append(f"<{tag} {name}={value!r}>")
        if tag == "script" and values.get("type") == "application/ld+json" and "src" not in values:
            self._inside = "data block"  # browsers never run it
        elif tag == "script" and "src" not in values:
            self.faults.append("<script> without src")
        if tag == "form" and values.get("method", "").lower() == "post":
            self.forms.append(Form(values.get("action", ""), {}))
        if self.forms and tag in ("input", "button", "select", "textarea") and values.get("name"):
            self.forms[-1].fields.setdefault(values["name"], values.get("value", ""))
        if tag == "input" and values.get("name") == "form_token":
            self.token = values["value"]

    def handle_data(self, data: str) -> None:
        if self._inside in ("script", "style") and MARK in data:
            self.faults.append(f"<{self._inside}>{data}")
        if self._inside == "data block":
            json.loads(data)
            if set("<>&") & set(data):
                self.faults.append(f"a data block with markup: {data}")
            return
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_comment(self, data: str) -> None:
        if MARK in data:
            self.faults.append(f"<!--{data}-->")


def _harmless(address: str) -> bool:
    """Our own pages, other sites by http, mail and phone; no scripts, and no raw markup."""
    scheme = urlsplit(address).scheme.lower() if "[" not in address else "?"
    raw = set('<>"\r\n\t ') if scheme == "mailto" else set("<>\"'\r\n\t ")
    return scheme in ("", "http", "https", "mailto", "tel") and not raw & set(address)


class Visitor:
    """One browser. Every answer is looked at; `page` is the last page seen."""

    def __init__(self, url: str, *, cookies: dict[str, str] | None = None) -> None:
        self.http = httpx.Client(base_url=url, timeout=60, trust_env=False, verify=_NO_TLS, cookies=cookies)
        self.page = Page("")

    def get(self, path: str, **headers: str | bytes) -> httpx.Response:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, data: Any = None, *, token: bool = True, **headers: str | bytes) -> httpx.Response:
        """Send a form, with the token of the last page that had one."""
        extra = {"X-Form-Token": self.page.token} if token and self.page.token else {}
        return self.ask("POST", path, data=data, headers={**extra, **headers})

    def ask(self, method: str, path: str, *, headers: dict[str, Any] | None = None, **options: Any) -> httpx.Response:
        request = self.http.build_request(method, path, headers={"Accept": "text/html", **(headers or {})}, **options)
        try:
            answer = self.http.send(request, stream=True)
        except (
            httpx.RemoteProtocolError,
            httpx.ReadError,
            httpx.WriteError,
        ):  # a kept connection that the server closed just then: opened anew, once
            answer = self.http.send(request, stream=True)
        try:
            if answer.headers.get("content-type", "").startswith("text/event-stream"):
                self._look_at(answer)
                return answer
            answer.read()
        finally:
            answer.close()
        self._look_at(answer)
        return answer

    def _look_at(self, answer: httpx.Response) -> None:
        request = answer.request
        said = f"{request.method} {request.url} with {request.content[:500]!r} is answered {answer.status_code}"
        assert answer.status_code < 500, said
        for name, value in _REQUIRED.items():
            assert answer.headers.get(name) == value, f"{said} without {name}"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, said
        assert "unsafe" not in policy or "sandbox" in policy, said
        assert answer.headers["x-frame-options"] == ("SAMEORIGIN" if "sandbox allow" in policy else "DENY"), said
        for cookie in answer.headers.get_list("set-cookie"):
            assert "HttpOnly" in cookie, said
            assert "SameSite=" in cookie, said
        if answer.headers.get("content-type", "").startswith("text/html"):
            page = Page(answer.text, mail="sandbox allow" in policy)
            assert not page.faults, f"{said} and holds {page.faults}"
            page.token = page.token or self.page.token
            self.page = page
        location = answer.headers.get("location", "")
        assert not location.startswith(("//", "\\")), said
