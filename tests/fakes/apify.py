"""Apify on loopback, as far as this project uses it: actor runs, datasets, key-value stores.

A test says what the next runs of an actor bring; the fake answers with the shapes that
apify-client 3.x insists on (all required fields of a run, the pagination headers) and keeps count
of what was started and deleted. It also serves files that an actor stores, such as subtitles.
"""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

TOKEN = "apify-test-token"


@dataclass
class Outcome:
    """What a run brings, after how many looks; or why it was not even started."""

    items: list[Any] = field(default_factory=list)
    status: str = "SUCCEEDED"
    looks_until_finished: int = 0
    error: tuple[int, str] | None = None  # HTTP status and type instead of a run
    until_told: bool = False  # runs until the test says that it has ended
    late_error: tuple[int, str] | None = None  # answered although the run was started
    answer_is_lost: bool = False  # the run starts, but nobody hears of it
    defaults: dict[str, Any] = field(default_factory=dict)  # that the actor adds to its input
    is_strange: bool = False  # its answers lack what apify-client's models insist on


@dataclass
class Run:
    """A run as the fake keeps it."""

    id: str
    actor: str
    run_input: dict[str, Any]
    options: dict[str, str]
    outcome: Outcome
    looks: int = 0
    is_told: bool = False

    @property
    def status(self) -> str:
        if self.outcome.until_told and not self.is_told:
            return "RUNNING"
        return "RUNNING" if self.looks <= self.outcome.looks_until_finished else self.outcome.status

    @property
    def webhooks(self) -> list[dict[str, Any]]:
        """What was asked to be called, as the query string carries it."""
        return json.loads(base64.b64decode(self.options.get("webhooks", "W10=")))

    def as_json(self) -> dict[str, Any]:
        if self.outcome.is_strange:
            return {"id": self.id, "status": "PAUSED"}
        return {
            "id": self.id,
            "actId": "act1",
            "userId": "user1",
            "startedAt": "2026-11-22T12:00:00.000Z",
            "status": self.status,
            "meta": {"origin": "API"},
            "stats": {},
            "options": {
                "build": "latest",
                "timeoutSecs": 300,
                "memoryMbytes": 1024,
                "diskMbytes": 2048,
            },
            "buildId": "build1",
            "defaultKeyValueStoreId": f"store-{self.id}",
            "defaultDatasetId": f"data-{self.id}",
            "defaultRequestQueueId": f"queue-{self.id}",
            "usageTotalUsd": 0.01,
        }


@dataclass
class FakeApify:
    """`started` and `deleted` are what a test looks at."""

    url: str = ""
    started: list[Run] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    known: dict[str, dict[str, Any]] = field(default_factory=dict)  # actors, as `GET` shows them
    otherwise: Outcome | None = None  # what a start leads to that was not planned
    files: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    _planned: dict[str, deque[Outcome]] = field(default_factory=lambda: defaultdict(deque))

    def will(self, actor: str, *outcomes: Outcome) -> None:
        """What the next starts of an actor lead to, in that order."""
        self._planned[actor].extend(outcomes)

    def start(self, actor: str, run_input: Any, options: dict[str, str]) -> Run | Outcome:
        outcome = self._planned[actor].popleft() if self._planned[actor] else self.otherwise
        assert outcome is not None, f"no run of {actor} was planned"
        if outcome.error is not None:
            return outcome
        run_input = outcome.defaults | run_input
        run = Run(f"run{len(self.started) + 1}", actor, run_input, options, outcome)
        self.started.append(run)
        return run

    def finish(self, run: Run, event: str = "ACTOR.RUN.SUCCEEDED") -> int:
        """Ends a run and calls its webhook, as Apify does; what was answered."""
        run.is_told = True
        [webhook] = run.webhooks
        assert event in webhook["eventTypes"]
        body = webhook["payloadTemplate"].replace("{{eventType}}", json.dumps(event))
        headers = {"Content-Type": "application/json"} | json.loads(webhook["headersTemplate"])
        return httpx.post(webhook["requestUrl"], content=body, headers=headers).status_code

    def file(
        self, name: str, content: bytes | str, *, status: int = 200, kind: str = "text/vtt"
    ) -> str:
        """A file that an actor stored, such as subtitles; its link, as rows have it."""
        body = content.encode() if isinstance(content, str) else content
        self.files[name] = (status, kind, body)
        return f"{self.url}/v2/key-value-stores/subtitles/records/{name}"

    @property
    def left(self) -> list[str]:
        """Runs whose data is still there."""
        return [run.id for run in self.started if f"data-{run.id}" not in self.deleted]

    def run(self, run_id: str) -> Run | None:
        alive = (run for run in self.started if run.id not in self.deleted)
        return next((run for run in alive if run.id == run_id), None)


@contextmanager
def serving(fake: FakeApify | None = None) -> Iterator[FakeApify]:
    """Serves until the block ends."""
    fake = fake or FakeApify()
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
    fake: FakeApify
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        parts, query = self._asked()
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        begun = self.fake.start(parts[2].replace("~", "/"), json.loads(body), query)
        if isinstance(begun, Outcome):
            assert begun.error is not None
            self._error(*begun.error)
        elif begun.outcome.late_error is not None:
            self._error(*begun.outcome.late_error)
        elif begun.outcome.answer_is_lost:
            self.close_connection = True
        else:
            self._json(201, {"data": begun.as_json()})

    def do_GET(self) -> None:
        parts, query = self._asked()
        match parts[1], parts[2], parts[3:]:
            case "actor-runs", run_id, []:
                self._look(run_id)
            case "actors", _actor, _rest if self.headers["authorization"] != f"Bearer {TOKEN}":
                self._error(401, "user-or-token-not-found")
            case "actors", actor, [] if actor.replace("~", "/") in self.fake.known:
                self._json(200, {"data": self.fake.known[actor.replace("~", "/")]})
            case "actors", actor, ["runs"]:
                self._list_runs(actor.replace("~", "/"))
            case "datasets", dataset_id, ["items"]:
                self._items(dataset_id, int(query.get("offset", 0)), int(query.get("limit", 1000)))
            case "key-value-stores", store_id, ["records", "INPUT"]:
                run = self.fake.run(store_id.removeprefix("store-"))
                self._json(200, run.run_input) if run else self._error(404, "record-not-found")
            case "key-value-stores", "subtitles", ["records", name] if name in self.fake.files:
                status, kind, body = self.fake.files[name]
                self._send(status, body, {"content-type": kind})
            case _:
                self._error(404, "page-not-found")

    def do_DELETE(self) -> None:
        parts, _query = self._asked()
        self.fake.deleted.append(parts[2])
        self._send(204, b"", {})

    def log_message(self, *_args: object) -> None:
        """Tests read the fake, not its log."""

    def _asked(self) -> tuple[list[str], dict[str, str]]:
        self.fake.requests.append(f"{self.command} {self.path}")
        address = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        return address.path.strip("/").split("/"), query

    def _look(self, run_id: str) -> None:
        run = self.fake.run(run_id)
        if self.headers["authorization"] != f"Bearer {TOKEN}":
            self._error(401, "user-or-token-not-found")
        elif run is None:
            self._error(404, "record-not-found")
        else:
            run.looks += 1
            self._json(200, {"data": run.as_json()})

    def _list_runs(self, actor: str) -> None:
        runs = [run.as_json() for run in self.fake.started if run.actor == actor]
        page = {"total": len(runs), "offset": 0, "limit": 20, "desc": True, "count": len(runs)}
        self._json(200, {"data": page | {"items": runs[::-1]}})

    def _items(self, dataset_id: str, offset: int, limit: int) -> None:
        run = self.fake.run(dataset_id.removeprefix("data-"))
        if run is None or dataset_id in self.fake.deleted:
            self._error(404, "record-not-found")
            return
        page = run.outcome.items[offset : offset + limit]
        headers = {
            "X-Apify-Pagination-Total": str(len(run.outcome.items)),
            "X-Apify-Pagination-Offset": str(offset),
            "X-Apify-Pagination-Count": str(len(page)),
            "X-Apify-Pagination-Limit": str(limit),
            "X-Apify-Pagination-Desc": "false",
        }
        self._send(200, json.dumps(page).encode(), headers)

    def _error(self, status: int, kind: str) -> None:
        self._json(status, {"error": {"type": kind, "message": "made up"}})

    def _json(self, status: int, value: object) -> None:
        self._send(status, json.dumps(value).encode(), {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        answered = {"content-type": "application/json; charset=utf-8"} | headers
        answered["content-length"] = str(len(body))
        for name, value in answered.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
