"""TikTok on loopback, as far as this project uses it: OAuth, and a creator's list of videos.

API answers are `{data, error: {code: "ok"}}`; OAuth answers are flat, and an error is a word.
Tokens change with every refresh, and a refresh token serves once.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "aw-test-key"
SECRET = "tiktok-test-secret"
ALL_SCOPES = "user.info.basic,video.list"


@dataclass
class FakeTikTok:
    """`videos` are the creator's, newest first; `calls` and `revoked` are what a test looks at."""

    url: str = ""
    videos: list[dict[str, Any]] = field(default_factory=list)
    scopes: str = ALL_SCOPES
    open_id: str = "creator-1"
    access: set[str] = field(default_factory=set)
    refresh: set[str] = field(default_factory=set)
    revoked: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    error: tuple[int, str] | None = None  # status and code of the next API answers
    oauth_error: tuple[int, str] | None = None
    seconds: float = 0.0  # how long a token request takes
    _codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    _count: int = 0

    def agree(self, url: str) -> str:
        """The creator agrees on that page: the code that the browser brings back."""
        asked = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (asked["client_key"], asked["scope"]) == (KEY, ALL_SCOPES)
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        self._count += 1
        code = f"code-{self._count}"
        self._codes[code] = (asked["code_challenge"], asked["redirect_uri"])
        return code

    def exchange(self, form: dict[str, str]) -> dict[str, Any]:
        if (form.get("client_key"), form.get("client_secret")) != (KEY, SECRET):
            return {"error": "invalid_client", "error_description": "made up", "log_id": "1"}
        time.sleep(self.seconds)
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refresh:
                return {"error": "invalid_grant", "error_description": "made up", "log_id": "1"}
            self.refresh.discard(form["refresh_token"])
            return self._tokens()
        challenge, redirect_uri = self._codes.pop(form["code"], ("", ""))
        digest = hashlib.sha256(form["code_verifier"].encode()).hexdigest()
        if (digest, form["redirect_uri"]) != (challenge, redirect_uri):
            return {"error": "invalid_grant", "error_description": "made up", "log_id": "1"}
        return self._tokens()

    def end(self, token: str) -> None:
        """A revocation ends the whole grant."""
        self.revoked.append(token)
        if token in self.access:
            self.access.clear()
            self.refresh.clear()

    def _tokens(self) -> dict[str, Any]:
        self._count += 1
        access, refresh = f"act.secret-{self._count}", f"rft.secret-{self._count}"
        self.access.add(access)
        self.refresh.add(refresh)
        return {
            "access_token": access,
            "expires_in": 86_400,
            "open_id": self.open_id,
            "refresh_expires_in": 31_536_000,
            "refresh_token": refresh,
            "scope": self.scopes,
            "token_type": "Bearer",
        }


@contextmanager
def serving() -> Iterator[FakeTikTok]:
    """Serves until the block ends."""
    fake = FakeTikTok()
    handler = type("Handler", (_Handler,), {"fake": fake})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeTikTok
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"] or 0)).decode()
        path = urlsplit(self.path).path
        if path == "/v2/video/list/":
            self.fake.calls.append("list")
            self._list(json.loads(body))
            return
        form = {name: values[-1] for name, values in parse_qs(body).items()}
        self.fake.calls.append(form.get("grant_type", "revoke"))
        if self.fake.oauth_error is not None:
            status, code = self.fake.oauth_error
            self._send(status, {"error": code, "error_description": "made up", "log_id": "1"})
        elif path == "/v2/oauth/token/":
            self._send(200, self.fake.exchange(form))
        elif path == "/v2/oauth/revoke/":
            self.fake.end(form["token"])
            self._send(200, {})

    def _list(self, asked: dict[str, Any]) -> None:
        token = self.headers["authorization"].removeprefix("Bearer ")
        status, code = self.fake.error or (200, "ok")
        if token not in self.fake.access:
            status, code = 401, "access_token_invalid"
        assert asked["max_count"] <= 20
        first = asked.get("cursor", 0)
        page = self.fake.videos[first : first + asked["max_count"]]
        names = parse_qs(urlsplit(self.path).query)["fields"][0].split(",")
        data = {
            "videos": [{name: video.get(name) for name in names} for video in page],
            "cursor": first + len(page),
            "has_more": first + len(page) < len(self.fake.videos),
        }
        error = {"code": code, "message": "", "log_id": "1"}
        self._send(status, {"data": data if code == "ok" else {}, "error": error})

    def log_message(self, *_args: object) -> None:
        """Tests read the fake, not its log."""

    def _send(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
