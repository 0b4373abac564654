"""`make trace`: one product's trace from its request to its pack, as a tree, and its log lines.

The stack posts its spans to a receiver of ours for the time of this command. Whoever runs a real
collector sets OTEL_EXPORTER_OTLP_ENDPOINT instead.
"""

from __future__ import annotations

import gzip
import json
import os
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from core.config import LocalSettings, load, setting_names
from core.tracing import Trace
from local import clerk, environment, processes, stack
from local.demo.flow import PRODUCT, SOURCE_URL, DemoError
from local.layout import ROOT, Layout

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.2
_PIPED_COLUMNS = 400
_ENDED = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class Span:
    """A span as it came over OTLP; times are nanoseconds since 1970."""

    trace_id: str
    span_id: str
    parent_id: str  # empty: none
    name: str
    service: str
    began_at: int
    ended_at: int
    has_failed: bool
    attributes: Mapping[str, str | int | float | bool]

    @property
    def milliseconds(self) -> float:
        return (self.ended_at - self.began_at) / 1e6


@dataclass
class Receiver:
    """What an OTLP/HTTP endpoint on loopback has received."""

    url: str
    spans: list[Span] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)  # of each request

    def of(self, trace_id: str) -> list[Span]:
        """The spans of a trace, in the order in which they began."""
        found = [span for span in list(self.spans) if span.trace_id == trace_id]
        return sorted(found, key=lambda span: (span.began_at, -span.ended_at))


@contextmanager
def receiving() -> Iterator[Receiver]:
    """An OTLP/HTTP receiver on a free port of loopback."""
    receiver = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path == "/v1/traces":
                receiver.headers.append(dict(self.headers))
                receiver.spans += _spans(ExportTraceServiceRequest.FromString(body))
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Logs nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield receiver
        finally:
            server.shutdown()


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in request.resource_spans:
        named = {each.key: each.value.string_value for each in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.name,
                    named.get("service.name", "").removeprefix("creatorscook-"),
                    span.start_time_unix_nano,
                    span.end_time_unix_nano,
                    span.status.code == Status.STATUS_CODE_ERROR,
                    {each.key: _value(each.value) for each in span.attributes},
                )


def _value(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))


def tree(spans: Iterable[Span], title: str) -> Tree:
    """The spans below each other. Those whose parent is not among them stand at the top."""
    ordered = list(spans)
    root = Tree(escape(title))
    nodes: dict[str, Tree] = {}
    known = {span.span_id for span in ordered}

    def add(parent: str, below: Tree) -> None:
        for span in ordered:
            is_here = span.parent_id == parent if parent else span.parent_id not in known
            if is_here and span.span_id not in nodes:
                nodes[span.span_id] = below.add(_line(span))
                add(span.span_id, nodes[span.span_id])

    add("", root)
    return root


def _line(span: Span) -> str:
    shown = {
        name: value
        for name, value in span.attributes.items()
        if name in {"http.response.status_code", "job.outcome", "job.attempt", "error.type"}
        or name.startswith("gen_ai.")
    }
    text = " ".join(f"{name}={value}" for name, value in shown.items())
    mark = " [red]failed[/red]" if span.has_failed else ""
    return (
        f"{escape(span.name)} [dim]{span.service}[/dim] {span.milliseconds:.1f} ms{mark}"
        f" [dim]{escape(text)}[/dim]"
    )


def log_lines(log: Path, trace_id: str) -> list[dict[str, Any]]:
    """The JSON lines of the stack's log that name the trace."""
    found = []
    for line in log.read_text(errors="replace").splitlines():
        start = line.find("{")
        if start >= 0 and trace_id in line:
            found.append(json.loads(line[start:]))
    return found


@dataclass(frozen=True)
class Traced:
    """A product whose requests named one trace."""

    trace: Trace
    product: dict[str, Any]
    job: dict[str, Any]
    pack: dict[str, Any]


def follow(api_url: str, session_token: str, source_url: str, name: str = PRODUCT) -> Traced:
    """Signs in, adds a product, waits for its pack and reads it: each request names one trace."""
    trace = Trace(secrets.token_hex(16), secrets.token_hex(8))
    with httpx.Client(base_url=api_url, timeout=30) as client:
        signed_in = client.post(
            "/auth/session",
            headers={"Authorization": f"Bearer {session_token}", "traceparent": trace.header},
        ).raise_for_status()
        client.headers.update(
            {
                "Authorization": f"Bearer {signed_in.json()['access_token']}",
                "Prefer": "return=representation",
            }
        )
        traced = {"traceparent": trace.header}
        added = client.post(
            "/rest/v1/products", json={"name": name, "source_url": source_url}, headers=traced
        )
        product = added.raise_for_status().json()[0]
        job = _ended(client, f"/rest/v1/jobs?product_id=eq.{product['id']}")
        packs = client.get(f"/rest/v1/virality_packs?product_id=eq.{product['id']}", headers=traced)
        rows = packs.raise_for_status().json()
    return Traced(trace, product, job, rows[0] if rows else {})


def _ended(client: httpx.Client, query: str) -> dict[str, Any]:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        job: dict[str, Any] = client.get(query).raise_for_status().json()[0]
        if job["status"] in _ENDED:
            return job
        if time.monotonic() > deadline:
            raise DemoError(f"The analysis is still {job['status']} after {_WAIT_SECONDS:.0f} s.")
        time.sleep(_POLL_SECONDS)


def wait_for_spans(receiver: Receiver, trace_id: str, *names: str) -> list[Span]:
    """The trace once it holds spans of these names. Processes send theirs every few seconds."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        spans = receiver.of(trace_id)
        missing = set(names) - {span.name for span in spans}
        if not missing:
            return spans
        if time.monotonic() > deadline:
            raise DemoError(f"No span came of: {', '.join(sorted(missing))}")
        time.sleep(_POLL_SECONDS)


LAST_SPANS = ("job analyze_product", "GET /rest/v1/virality_packs")


def run(settings: LocalSettings) -> None:
    """Brings the stack up with a receiver for its spans, and prints one trace.

    A stack that runs keeps the settings that it was started with.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PIPED_COLUMNS
    layout = Layout(settings.local_dir, settings.profile)
    if (running := processes.supervisor(layout.directory)) is not None:
        console.print("Restarts the stack now and at the end, with the settings that it has …")
        started_with = running.environ()
        kept = setting_names() & started_with.keys() - os.environ.keys()
        os.environ.update({name: started_with[name] for name in kept})
        settings = load(LocalSettings, _env_file=ROOT / ".env")
    with receiving() as receiver, _environment(receiver.url):
        layout = stack.up(settings, console.print)
        token = clerk.session_token(
            layout.clerk_key,
            f"trace-{secrets.token_hex(4)}",
            issuer=f"http://127.0.0.1:{settings.clerk_port}",
            origin=settings.app_url,
            now=int(time.time()),
        )
        seen = follow(environment.api_url(settings), token, SOURCE_URL)
        spans = wait_for_spans(receiver, seen.trace.trace_id, *LAST_SPANS)
    show(console, layout, seen, spans)
    stack.up(settings, console.print)  # restarts it without the receiver, which is gone


def show(console: Console, layout: Layout, seen: Traced, spans: list[Span]) -> None:
    """Prints the tree and the log lines."""
    trace_id = seen.trace.trace_id
    console.print(tree(spans, f"trace {trace_id}, “{seen.product['name']}”"), soft_wrap=True)
    console.print(f"\nIts log lines: make logs | grep {trace_id}")
    for line in log_lines(layout.log, trace_id):
        rest = " ".join(
            f"{key}={line[key]}"
            for key in ("route", "kind", "outcome", "status", "milliseconds")
            if line.get(key) is not None
        )
        console.print(
            f"  {line['timestamp']} {line['service']:7} {line['event']} {rest}", soft_wrap=True
        )


@contextmanager
def _environment(url: str) -> Iterator[None]:
    """The processes that the stack starts post their spans there, soon."""
    names = {_ENDPOINT: url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
