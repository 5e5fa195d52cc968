"""A stand-in for Telegram's Bot API on its wire format; what it says is checked against aiogram's types.

POST /bot<token>/<method> with JSON or a form, GET /file/bot<token>/<path>; answers {"ok": true, "result": …} or
{"ok": false, "error_code": …, "description": …, "parameters": {"retry_after": …}}.
"""

import json
from typing import Any

from aiogram import types
from aiohttp import web
from aiohttp.test_utils import TestServer

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
CHAT = 424242
USER = {"id": CHAT, "is_bot": False, "first_name": "Jana", "last_name": "Nová", "language_code": "cs"}
_MOST_TEXT, _MOST_CAPTION, _MOST_DATA = 4096, 1024, 64


class FakeTelegram:
    """Chats it has, messages it was given, and what it does next: "429", "403", "500", "cut", or nothing special."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.updates: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.failures: list[str] = []
        self.webhook: dict[str, Any] | None = None
        self._server: TestServer | None = None
        self._next = 1000

    @property
    def url(self) -> str:
        assert self._server is not None
        return str(self._server.make_url("")).rstrip("/")

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        self._server = TestServer(app)
        await self._server.start_server()

    async def stop(self) -> None:
        assert self._server is not None
        await self._server.close()

    async def _call(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != TOKEN:
            return _no(401, "Unauthorized")
        method = request.match_info["method"]
        values = await _values(request)
        self.calls.append((method, {name: value for name, value in values.items() if not isinstance(value, bytes)}))
        failure = self.failures.pop(0) if self.failures and method.startswith("send") else ""
        match failure:
            case "429":
                return _no(429, "Too Many Requests: retry after 7", retry_after=7)
            case "403":
                return _no(403, "Forbidden: bot was blocked by the user")
            case "500":
                return _no(500, "Internal Server Error")
            case "400":
                return _no(400, "Bad Request: wrong file identifier/HTTP URL specified")
        answer = self._answer(method, values)
        if failure == "cut":
            assert request.transport is not None
            request.transport.close()
        return answer

    def _answer(self, method: str, values: dict[str, Any]) -> web.Response:
        match method:
            case "sendMessage" | "sendPhoto" | "sendDocument":
                return self._send(method, values)
            case "sendChatAction" | "answerCallbackQuery":
                return _yes(True)
            case "getMe":
                return _yes({"id": 1, "is_bot": True, "first_name": "Zrnko", "username": "zrnko_bot"})
            case "setWebhook" | "deleteWebhook":
                self.webhook = values if method == "setWebhook" else None
                return _yes(True)
            case "getUpdates":
                if self.webhook is not None:
                    return _no(409, "Conflict: can't use getUpdates method while webhook is active")
                offset = int(values.get("offset", 0))
                self.updates = [one for one in self.updates if one["update_id"] >= offset]
                return _yes(self.updates[: int(values.get("limit", 100))])
            case "getFile":
                file_id = values["file_id"]
                if file_id not in self.files:
                    return _no(400, "Bad Request: wrong file_id")
                return _yes({"file_id": file_id, "file_unique_id": "u", "file_path": f"at/{file_id}"})
        return _no(404, "Not Found")

    def _send(self, method: str, values: dict[str, Any]) -> web.Response:
        text = values.get("text", values.get("caption", ""))
        if method == "sendMessage" and not text.strip():
            return _no(400, "Bad Request: message text is empty")
        if len(text) > (_MOST_TEXT if method == "sendMessage" else _MOST_CAPTION):
            return _no(400, "Bad Request: message is too long")
        markup = values.get("reply_markup")
        for row in markup["inline_keyboard"] if markup else []:
            for button in row:
                types.InlineKeyboardButton.model_validate(button)
                if not 0 < len(button["callback_data"].encode()) <= _MOST_DATA:
                    return _no(400, "Bad Request: BUTTON_DATA_INVALID")
        self._next += 1
        message = {
            "message_id": self._next,
            "date": 1773140400,
            "chat": {"id": int(values["chat_id"]), "type": "private", "first_name": "Jana"},
            "text": text,
            **({"reply_markup": markup} if markup else {}),
        }
        types.Message.model_validate(message)
        self.messages.append(message | {"method": method, "file": values.get("photo") or values.get("document")})
        return _yes(message)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        content = self.files.get(request.match_info["path"].removeprefix("at/"))
        return web.Response(body=content) if content is not None else _no(404, "Not Found")


def update(update_id: int, **content: Any) -> bytes:
    """An update as Telegram would POST it."""
    raw = {"update_id": update_id, **content}
    types.Update.model_validate(raw)
    return json.dumps(raw).encode()


def message(message_id: int, **content: Any) -> dict[str, Any]:
    chat = {"id": CHAT, "type": "private", "first_name": "Jana", "last_name": "Nová"}
    return {"message_id": message_id, "date": 1773140400, "chat": chat, "from": USER, **content}


async def _values(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        return dict(await request.json())
    values: dict[str, Any] = {}
    form = await request.post()
    for name, value in form.items():
        values[name] = value.file.read() if isinstance(value, web.FileField) else value
    return values


def _yes(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _no(code: int, description: str, **parameters: Any) -> web.Response:
    body = {"ok": False, "error_code": code, "description": description}
    return web.json_response(body | ({"parameters": parameters} if parameters else {}), status=code)
