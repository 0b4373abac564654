"""One trace id from a request to its jobs: `traceparent` (W3C), log lines, OpenTelemetry spans.

The trace id is always there, and in each log line. Spans are recorded only where `configure` got an
endpoint: without one, nothing of OpenTelemetry is imported. A span holds names and numbers alone.
"""

from __future__ import annotations

import re
import secrets
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import structlog

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Value = str | int | float | bool

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_FUNCTION = re.compile(r"\b(private|public)\.[a-z_]+")
# Our names match it. Texts of users, URLs with a query, and tokens do not, and are hidden.
_NAME = re.compile(r"[\w.:/<>() -]{1,80}", re.ASCII)
_HIDDEN = "(hidden)"
_SAMPLED = "01"


@dataclass(frozen=True)
class Trace:
    """Where a span or a log line belongs. Without a `span_id`, its first span is the root."""

    trace_id: str  # 32 hexadecimal digits
    span_id: str | None = None  # 16
    flags: str = _SAMPLED

    @property
    def header(self) -> str:
        """The value of `traceparent` for whoever is called."""
        return f"00-{self.trace_id}-{self.span_id or secrets.token_hex(8)}-{self.flags}"


class Span(Protocol):
    """An open span, as a caller sees it."""

    def set_attribute(self, key: str, value: Value) -> Any:
        """Adds a name or a number, never a text of a user."""


class _Unrecorded:
    def set_attribute(self, key: str, value: Value) -> None:
        """Does nothing."""


_UNRECORDED = _Unrecorded()
_current: ContextVar[Trace | None] = ContextVar("trace", default=None)
_tracer: Any = None  # OpenTelemetry's, once configured
_provider: Any = None
_root_ids: ContextVar[int | None] = ContextVar("root_ids", default=None)


def parse(header: str | None) -> Trace | None:
    """The trace that a `traceparent` names; None without a valid one of version 00."""
    found = _TRACEPARENT.fullmatch(header or "")
    return Trace(*found.groups()) if found else None


def begin(header: str | None) -> Trace:
    """Accepts the trace of a request, or makes one. Log lines of this context name it."""
    return enter(parse(header) or Trace(uuid.uuid4().hex))


def of_job(header: str | None, job_id: uuid.UUID) -> Trace:
    """The trace of a job: that of the request that added it, else one with the job's own id."""
    return parse(header) or Trace(job_id.hex)


def enter(trace: Trace) -> Trace:
    """Sets the trace of this context and of its log lines; returns it."""
    _current.set(trace)
    structlog.contextvars.bind_contextvars(trace_id=trace.trace_id)
    return trace


def header() -> str | None:
    """The `traceparent` for what this context calls; None outside of a trace."""
    if _tracer is not None:
        from opentelemetry import trace  # noqa: PLC0415

        seen = trace.get_current_span().get_span_context()
        if seen.is_valid:
            ids = f"{seen.trace_id:032x}", f"{seen.span_id:016x}"
            return Trace(*ids, flags=f"{seen.trace_flags:02x}").header
    found = _current.get()
    return found.header if found else None


def is_recording() -> bool:
    """Whether spans are recorded at all."""
    return _tracer is not None


def configure(service: str, endpoint: str | None) -> None:
    """Records spans of this process and posts them to `endpoint`/v1/traces (OTLP over HTTP).

    Without an endpoint nothing is recorded. OpenTelemetry itself reads OTEL_EXPORTER_OTLP_HEADERS,
    OTEL_TRACES_SAMPLER and the limits of its queue (OTEL_BSP_…) from the environment.
    """
    global _tracer, _provider  # noqa: PLW0603 - one per process, as OpenTelemetry has it
    if endpoint is None:
        return
    # Imported here: it takes longer to load than `python -m workers --help` may.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator  # noqa: PLC0415

    class _Ids(RandomIdGenerator):
        """Root spans get the id that log lines have already."""

        def generate_trace_id(self) -> int:
            return _root_ids.get() or super().generate_trace_id()

    _provider = TracerProvider(
        resource=Resource.create({"service.name": f"creatorscook-{service}"}), id_generator=_Ids()
    )
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=5)
    _provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracer = _provider.get_tracer("creatorscook")


def stop() -> None:
    """Sends what is recorded and records nothing from now on."""
    global _tracer, _provider  # noqa: PLW0603
    if _provider is not None:
        _provider.shutdown()
    _tracer = _provider = None


@contextmanager
def span(
    name: str, *, kind: Kind = "internal", parent: Trace | None = None, **attributes: Value | None
) -> Iterator[Span]:
    """Records a span around the block, as a child of `parent` or else of the current span.

    An exception marks the span as failed. The span has its class, never its message. In names of
    attributes `__` stands for a dot.
    """
    if _tracer is None:
        yield _UNRECORDED
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: PLC0415

    with _below(parent) as context:
        started = _tracer.start_as_current_span(
            _safe(name),
            context=context,
            kind=SpanKind[kind.upper()],
            attributes=_named(attributes),
            record_exception=False,
            set_status_on_exception=False,
        )
        with started as recorded:
            try:
                yield _Recorded(recorded)
            except BaseException as error:
                recorded.set_attribute("error.type", type(error).__name__)
                recorded.set_status(Status(StatusCode.ERROR))
                raise


def record(
    name: str,
    began_at: float,
    ended_at: float | None = None,
    *,
    kind: Kind = "internal",
    parent: Trace | None = None,
    **attributes: Value | None,
) -> None:
    """Records a span that has ended; times are seconds since 1970. Without `ended_at`: now."""
    if _tracer is None:
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415

    with _below(parent) as context:
        recorded = _tracer.start_span(
            _safe(name),
            context=context,
            kind=SpanKind[kind.upper()],
            attributes=_named(attributes),
            start_time=int(began_at * 1e9),
        )
        recorded.end(int((time.time() if ended_at is None else ended_at) * 1e9))


def function_of(statement: str) -> str:
    """The name of a span for a statement: the function that it calls, such as `private.claim`."""
    found = _FUNCTION.search(statement)
    return found[0] if found else "statement"


class _Recorded:
    """A recorded span. It hides attributes that are not names."""

    def __init__(self, span: Any) -> None:
        self._span = span

    def set_attribute(self, key: str, value: Value) -> None:
        self._span.set_attribute(key, _safe(value) if isinstance(value, str) else value)


@contextmanager
def _below(parent: Trace | None) -> Iterator[Any]:
    """OpenTelemetry's context for a child of `parent`; None: the current one."""
    if parent is None:
        yield None
        return
    from opentelemetry.context import Context  # noqa: PLC0415
    from opentelemetry.trace import (  # noqa: PLC0415
        NonRecordingSpan,
        SpanContext,
        TraceFlags,
        set_span_in_context,
    )

    if parent.span_id is None:
        token = _root_ids.set(int(parent.trace_id, 16))
        try:
            yield Context()
        finally:
            _root_ids.reset(token)
        return
    flags = TraceFlags(int(parent.flags, 16))
    remote = SpanContext(
        int(parent.trace_id, 16), int(parent.span_id, 16), is_remote=True, trace_flags=flags
    )
    yield set_span_in_context(NonRecordingSpan(remote), Context())


def _named(attributes: dict[str, Value | None]) -> dict[str, Value]:
    return {
        name.replace("__", "."): _safe(value) if isinstance(value, str) else value
        for name, value in attributes.items()
        if value is not None
    }


def _safe(text: str) -> str:
    return text if _NAME.fullmatch(text) else _HIDDEN
