"""One id from a request to its pack: spans over OTLP/HTTP, and the lines of every log."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from rich.console import Console

from local.demo.flow import SOURCE_URL
from local.demo.trace import (
    LAST_SPANS,
    Receiver,
    Span,
    Traced,
    follow,
    log_lines,
    receiving,
    tree,
    wait_for_spans,
)
from tests.flow.stack import LocalStack, configured, remove_leftovers
from tests.server import home

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def stack(receiver: Receiver) -> Iterator[LocalStack]:
    remove_leftovers()
    stack = configured(
        home() / f"flow-{os.getpid()}-trace",
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        OTEL_EXPORTER_OTLP_HEADERS="x-collector-token=collector-secret",
        OTEL_BSP_SCHEDULE_DELAY="100",
    )
    try:
        started = stack.run("up", check=False)
        assert started.returncode == 0, started.stderr
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(stack.layout.directory, ignore_errors=True)


@pytest.fixture(scope="module")
def seen(stack: LocalStack) -> Traced:
    """A product of a person whose name, product and URL must not get into a span."""
    token = stack.session_token("traced")
    return follow(
        stack.env["API_URL"], token, f"{SOURCE_URL}?secret=in-the-query", "Canary Product"
    )


@pytest.fixture(scope="module")
def spans(receiver: Receiver, seen: Traced) -> list[Span]:
    return wait_for_spans(receiver, seen.trace.trace_id, *LAST_SPANS)


def test_a_trace_leads_from_the_request_to_the_pack(seen: Traced, spans: list[Span]):
    console = Console(width=120, record=True)
    console.print(tree(spans, f"trace {seen.trace.trace_id}"))
    by_name = {span.name: span for span in spans}

    def path(name: str) -> list[str]:
        ids = {span.span_id: span for span in spans}
        found, span = [], by_name.get(name)
        while span is not None:
            found.insert(0, f"{span.service}: {span.name}")
            span = ids.get(span.parent_id)
        return found

    assert seen.job["status"] == "succeeded"
    assert seen.pack
    request = "gateway: POST /rest/v1/products"
    edge = ["gateway: POST /auth", "edge: POST /auth/session"]
    assert path("private.resolve_identity") == [*edge, "edge: private.resolve_identity"]
    assert path("enqueue analyze_product") == [request, "worker: enqueue analyze_product"]
    assert path("claim") == [request, "worker: claim"]
    job = [request, "worker: job analyze_product"]
    assert path("compute analyse") == [*job, "worker: work", "worker: compute analyse"]
    assert path("load") == [*job, "worker: load"]
    assert path("save") == [*job, "worker: save"]
    assert path("private.progress") == [*job, "worker: work", "worker: private.progress"]
    assert by_name["job analyze_product"].attributes["job.outcome"] == "succeeded"
    assert path("GET /rest/v1/virality_packs") == ["gateway: GET /rest/v1/virality_packs"]


def test_requests_of_a_client_are_children_of_its_span(seen: Traced, spans: list[Span]):
    tops = [span for span in spans if span.parent_id == seen.trace.span_id]
    assert {span.name for span in tops} >= {
        "POST /auth",
        "POST /rest/v1/products",
        "GET /rest/v1/virality_packs",
    }


def test_the_lines_of_every_log_have_the_same_id(stack: LocalStack, seen: Traced):
    lines = log_lines(stack.layout.log, seen.trace.trace_id)
    assert {line["trace_id"] for line in lines} == {seen.trace.trace_id}
    assert {line["service"] for line in lines} == {"edge", "worker"}
    # And no line about the job lacks it.
    of_job = [line for line in log_lines(stack.layout.log, seen.job["id"]) if "event" in line]
    assert of_job
    assert all(line["trace_id"] == seen.trace.trace_id for line in of_job)


def test_a_job_without_a_request_has_a_trace_of_its_own_id(stack: LocalStack, receiver: Receiver):
    [span] = [
        span for span in receiver.spans if span.name.startswith("job ") and not span.parent_id
    ][:1] or pytest.fail("no schedule has fired")
    assert span.trace_id == str(span.attributes["job.id"]).replace("-", "")


def test_spans_hold_no_text_of_users_no_query_and_no_token(
    receiver: Receiver, seen: Traced, spans: list[Span], stack: LocalStack
):
    said = repr(receiver.spans)
    assert "in-the-query" not in said
    assert "Canary" not in said
    assert "shop.creatorscook" not in said
    assert "Bearer" not in said
    assert "eyJ" not in said
    assert seen.product["user_id"] not in said


def test_the_collector_gets_the_operators_headers(receiver: Receiver, spans: list[Span]):
    assert {sent["x-collector-token"] for sent in receiver.headers} == {"collector-secret"}
