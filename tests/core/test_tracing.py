"""The id that joins a request with its jobs, with and without OpenTelemetry."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
import structlog

from core import tracing
from local.demo.trace import Receiver, receiving
from tests.patience import PATIENCE_SECONDS

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        tracing.configure("test", receiver.url)
        try:
            yield receiver
        finally:
            tracing.stop()


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    structlog.contextvars.clear_contextvars()


def test_a_valid_header_is_accepted_and_passed_on():
    assert tracing.begin(TRACEPARENT).header == TRACEPARENT
    assert tracing.header() == TRACEPARENT
    assert structlog.contextvars.get_contextvars()["trace_id"] == TRACEPARENT[3:35]


@pytest.mark.parametrize("header", [None, "", "00-x", TRACEPARENT + "-x", TRACEPARENT + "\n"])
def test_without_one_a_trace_is_made(header):
    made = tracing.begin(header)
    assert made != tracing.begin(header)
    assert tracing.parse(made.header)


def test_a_job_without_a_request_has_its_own_id_as_trace():
    job_id = uuid.uuid4()
    assert tracing.of_job(None, job_id).trace_id == job_id.hex
    assert tracing.of_job(TRACEPARENT, job_id).header == TRACEPARENT


def test_spans_are_below_the_one_of_the_header(receiver: Receiver):
    trace = tracing.begin(TRACEPARENT)
    with tracing.span("outer", parent=trace), tracing.span("inner"):
        inner_header = tracing.header()
    tracing.stop()
    outer, inner = receiver.of(trace.trace_id)
    assert (outer.parent_id, inner.parent_id) == (trace.span_id, outer.span_id)
    assert inner_header == f"00-{trace.trace_id}-{inner.span_id}-01"


def test_a_root_span_has_the_id_that_log_lines_have(receiver: Receiver):
    trace = tracing.begin(None)
    with tracing.span("root", parent=trace):
        pass
    tracing.stop()
    [root] = receiver.of(trace.trace_id)
    assert root.parent_id == ""


@pytest.mark.parametrize(
    "text", ["https://shop.example/?q=1", "I hate this bottle!", "a@b.example", "x" * 81, "naïve"]
)
def test_a_text_that_is_no_name_is_hidden(receiver: Receiver, text: str):
    with tracing.span(text, note=text) as span:
        span.set_attribute("later", text)
    tracing.stop()
    [seen] = receiver.spans
    assert (seen.name, *seen.attributes.values()) == ("(hidden)",) * 3


def test_an_exception_shows_its_class_and_no_message(receiver: Receiver):
    with pytest.raises(ValueError), tracing.span("failing"):
        raise ValueError("a comment of somebody")
    tracing.stop()
    [seen] = receiver.spans
    assert seen.has_failed
    assert seen.attributes == {"error.type": "ValueError"}
    assert "somebody" not in repr(receiver.spans)


def test_a_client_that_does_not_sample_is_heard(receiver: Receiver):
    with tracing.span("unsampled", parent=tracing.parse(TRACEPARENT[:-1] + "0")):
        pass
    tracing.stop()
    assert receiver.spans == []


def test_without_an_endpoint_nothing_of_opentelemetry_is_loaded():
    code = (
        "import sys, workers.process, webhooks.app; from core import tracing;"
        "tracing.configure('x', None); tracing.begin(None)\n"
        "with tracing.span('a'): pass\n"
        "tracing.record('b', 0.0)\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE_SECONDS)
