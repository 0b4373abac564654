"""An OpenAI-compatible server on loopback: chat completions, and everything that goes wrong."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from workers.writing import labels, themes

KEY = "sk-test-key"
# What any usable model answers to the texts by which we check that it read each by itself.
CONTROLS = {
    text: answer for answer, texts in (*labels.CONTROLS, *themes.CONTROLS) for text in texts
}
USAGE = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}


@dataclass
class Reply:
    """One answer: a completion, or an HTTP error, or silence for a while."""

    content: str | None = None
    refusal: str | None = None
    finish_reason: str = "stop"
    status: int = 200
    code: str | None = None
    body: bytes | None = None
    seconds: float = 0.0
    retry_after: str = ""
    usage: object = field(default_factory=lambda: USAGE)
    error: object = None  # the body of an HTTP error, where the usual one will not do


@dataclass
class FakeOpenAI:
    """Answers with `replies` in turn, then as `decide` or `always` make of a request."""

    url: str = ""
    replies: deque[Reply] = field(default_factory=deque)
    always: Callable[[dict[str, Any]], object] | None = None
    decide: Callable[[dict[str, Any]], Reply] | None = None
    offered: tuple[str, ...] = ()
    requests: list[dict[str, Any]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def will(self, *replies: Reply) -> None:
        """What the next requests are answered with, in that order."""
        self.replies.extend(replies)

    def reply_to(self, request: dict[str, Any]) -> Reply:
        if self.replies:
            return self.replies.popleft()
        if self.decide is not None:
            return self.decide(request)
        assert self.always is not None, "no reply was planned"
        return Reply(content=json.dumps(self.always(request)))

    @property
    def prompts(self) -> list[str]:
        """What each request said as instructions."""
        return [request["messages"][0]["content"] for request in self.requests]

    @property
    def data(self) -> list[Any]:
        """What each request gave as data."""
        return [json.loads(request["messages"][1]["content"]) for request in self.requests]


@contextmanager
def serving() -> Iterator[FakeOpenAI]:
    """Serves until the block ends."""
    fake = FakeOpenAI()
    handler = type("Handler", (_Handler,), {"fake": fake})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield fake
    fake.stopped.set()
    server.shutdown()
    thread.join()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeOpenAI
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers["authorization"] != f"Bearer {KEY}":
            self._error(Reply(status=401, code="invalid_api_key"))
            return
        models = [{"id": name, "object": "model"} for name in self.fake.offered]
        self._send(Reply(), json.dumps({"object": "list", "data": models}).encode())

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.headers["authorization"] != f"Bearer {KEY}":
            self._error(Reply(status=401, code="invalid_api_key"))
            return
        self.fake.requests.append(request)
        reply = self.fake.reply_to(request)
        self.fake.stopped.wait(reply.seconds)
        if reply.status != 200:
            self._error(reply)
        else:
            self._send(reply, reply.body or json.dumps(_completion(reply)).encode())

    def log_message(self, *_args: object) -> None:
        """Tests read the fake, not its log."""

    def _error(self, reply: Reply) -> None:
        error = {"message": "made up", "type": "made_up", "code": reply.code, "param": None}
        self._send(reply, json.dumps(reply.error or {"error": error}).encode())

    def _send(self, reply: Reply, body: bytes) -> None:
        self.send_response(reply.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if reply.retry_after:
            self.send_header("retry-after", reply.retry_after)
        self.end_headers()
        self.wfile.write(body)


def _completion(reply: Reply) -> dict[str, Any]:
    message = {"role": "assistant", "content": reply.content, "refusal": reply.refusal}
    choice = {"index": 0, "finish_reason": reply.finish_reason, "message": message}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "fake",
        "choices": [choice],
        "usage": reply.usage,
    }
