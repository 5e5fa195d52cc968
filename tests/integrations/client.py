"""Another system that calls the shop with a key."""

from typing import Any
from uuid import uuid4

import httpx

Json = Any


class Caller:
    """Requests with a key. What is not in `problem` must go well."""

    def __init__(self, http: httpx.Client, token: str) -> None:
        self.http = http
        self.token = token

    def ask(
        self, method: str, path: str, body: Json = None, *, key: str = "", query: dict[str, Any] | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Idempotency-Key": key} if key else {})
        return self.http.request(method, f"/api/v1{path}", json=body, headers=headers, params=query)

    def get(self, path: str, **query: Any) -> Json:
        return _well(self.ask("GET", path, query=query))

    def put(self, path: str, body: Json) -> Json:
        return _well(self.ask("PUT", path, body))

    def post(self, path: str, body: Json = None, *, key: str = "") -> Json:
        return _well(self.ask("POST", path, body, key=key or str(uuid4())))

    def problem(self, method: str, path: str, body: Json = None, **options: Any) -> tuple[int, str, str | None]:
        """(status, code, field) of a refused request."""
        answer = self.ask(method, path, body, **options)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        told = answer.json()
        assert told["status"] == answer.status_code
        return answer.status_code, told["code"], told.get("field")


def _well(answer: httpx.Response) -> Json:
    assert answer.status_code == 200, answer.text
    return answer.json()
