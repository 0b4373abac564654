"""Clients that begin a request and wait: they hold no thread, and everybody else is served."""

from __future__ import annotations

import json
import select
import socket
from contextlib import ExitStack, suppress

import pytest

from tests.patience import PATIENCE_SECONDS
from tests.webhooks import served
from tests.webhooks.test_gunicorn import head, read_answer, say
from webhooks.buffering import MAX_BODY_BYTES, MAX_HELD_BYTES, Incoming

NO_DATABASE = "postgresql://nobody@127.0.0.1:1/none"
CLIENTS = 40  # the edge has 16 threads

SLOW = {
    "one byte": "G",
    "half a header": "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ",
    "half a body": head("POST /clerk/webhook HTTP/1.1", "Content-Length: 100") + "{",
    "half a chunk": head("POST /clerk/webhook HTTP/1.1", "Transfer-Encoding: chunked") + "ff\r\nx",
    "a body over the limit": head("POST /clerk/webhook HTTP/1.1", "Content-Length: 9999999"),
    "an answer that nobody closes": head("GET /.well-known/jwks.json HTTP/1.1"),
    "answers that nobody reads": ("GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20_000),
}


@pytest.fixture(scope="module", params=["the edge", "the gateway"])
def port(request, tmp_path_factory):
    """The edge without a database, itself and through the local gateway."""
    folder = tmp_path_factory.mktemp("slow")
    with served.edge(folder, NO_DATABASE) as edge:
        if request.param == "the edge":
            yield edge.port
            return
        with served.gateway(edge.port) as gateway:
            yield gateway.port


def begin(port, text):
    """A connection that has sent this much, as far as the other side takes it."""
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
    connection.settimeout(0)
    with suppress(BlockingIOError):
        connection.send(text.encode())
    return connection


@pytest.mark.parametrize("kind", SLOW)
def test_others_are_served_beside_clients_that_wait(port, kind):
    with ExitStack() as slow:
        for _ in range(CLIENTS):
            slow.enter_context(begin(port, SLOW[kind]))
        for path in ("/healthz", "/.well-known/jwks.json"):
            assert say(port, head(f"GET {path} HTTP/1.1"))[0] == 200


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    """An edge that waits a second for a request."""
    folder = tmp_path_factory.mktemp("hasty")
    with served.edge(folder, NO_DATABASE, "--workers=1", READ_SECONDS="1") as running:
        yield running.port


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    """An edge that waits long for a request, and for two of an address."""
    folder = tmp_path_factory.mktemp("patient")
    settings = {"CONNECTIONS_PER_ADDRESS": "2"}
    with served.edge(folder, NO_DATABASE, "--workers=1", **settings) as running:
        yield running


def problem(connection):
    status, headers, body = read_answer(connection)
    assert headers["Content-Type"] == "application/problem+json"
    return status, json.loads(body)["code"]


def test_a_request_that_does_not_arrive_in_time_is_refused(hasty):
    with begin(hasty, SLOW["half a body"]) as slow, begin(hasty, "") as silent:
        slow.settimeout(PATIENCE_SECONDS)
        silent.settimeout(PATIENCE_SECONDS)
        assert problem(slow) == (408, "request_timeout")
        assert silent.recv(1) == b""


def test_one_address_has_so_many_unfinished_requests_and_the_oldest_goes_first(patient):
    with ExitStack() as slow:
        first, *_ = [slow.enter_context(begin(patient.port, "GET /")) for _ in range(3)]
        first.settimeout(PATIENCE_SECONDS)
        assert problem(first) == (408, "request_timeout")


def test_requests_that_come_at_once_are_answered_one_by_one(patient):
    text = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with socket.create_connection(("127.0.0.1", patient.port), PATIENCE_SECONDS) as connection:
        connection.sendall((text * 2 + head("GET /nowhere HTTP/1.1")).encode())
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    assert (data.count(b"HTTP/1.1 200"), data.count(b"HTTP/1.1 404")) == (2, 1)


def test_a_client_that_asks_first_is_told_to_send_its_body(patient):
    asked = head("POST /clerk/webhook HTTP/1.1", "Content-Length: 2", "Expect: 100-continue")
    with socket.create_connection(("127.0.0.1", patient.port), PATIENCE_SECONDS) as connection:
        connection.sendall(asked.encode())
        assert connection.recv(12) == b"HTTP/1.1 100"
        connection.sendall(b"{}")
        assert b"HTTP/1.1 400" in b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("length", ["9999999", "9" * 19])
def test_what_follows_a_request_that_was_cut_is_no_request(patient, length):
    text = f"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", patient.port), PATIENCE_SECONDS) as connection:
        connection.sendall((text + head("GET /healthz HTTP/1.1")).encode())
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    assert (data.count(b"HTTP/1.1"), data[9:12]) == (1, b"405")


def test_a_body_of_many_chunks_costs_no_more_than_its_length(patient):
    chunks = "1\r\na\r\n" * 40_000  # as one piece it takes 4 s of processor time, not 0.1 s
    before = patient.cpu_seconds()
    asked = head("POST /clerk/webhook HTTP/1.1", "Transfer-Encoding: chunked")
    assert say(patient.port, asked + chunks + "0\r\n\r\n")[0] == 400
    assert patient.cpu_seconds() - before < 2


def test_whole_requests_that_wait_for_a_thread_take_bounded_memory():
    request = head("POST /clerk/webhook HTTP/1.1", f"Content-Length: {MAX_BODY_BYTES}").encode()
    request += b"x" * MAX_BODY_BYTES
    silent = socket.create_server(("127.0.0.1", 0))  # an edge that answers nobody
    with served.gateway(silent.getsockname()[1]) as gateway, silent, ExitStack() as clients:
        waiting = []
        for _ in range(100):
            client = socket.create_connection(("127.0.0.1", gateway.port), PATIENCE_SECONDS)
            waiting.append(clients.enter_context(client))
            client.sendall(request)
        answered = set()
        while len(answered) < 100 - MAX_HELD_BYTES // MAX_BODY_BYTES:
            ready, _, _ = select.select(set(waiting) - answered, [], [], PATIENCE_SECONDS)
            assert ready
            answered |= set(ready)
        assert {each.recv(12) for each in answered} == {b"HTTP/1.1 503"}


def test_what_follows_a_long_body_is_the_next_request(patient):
    body = "x" * 100_000
    first = (
        f"POST /clerk/webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    second = head("GET /nowhere HTTP/1.1", f"X-A: {'a' * 9000}")
    with socket.create_connection(("127.0.0.1", patient.port), PATIENCE_SECONDS) as connection:
        connection.sendall((first + body + second).encode())
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    assert (data.count(b"HTTP/1.1 400"), data.count(b"HTTP/1.1 404")) == (1, 1)


def test_headers_without_an_end_are_too_large(patient):
    with socket.create_connection(("127.0.0.1", patient.port), PATIENCE_SECONDS) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n" + b"X-A: a\r\n" * 10_000)
        assert problem(connection) == (431, "invalid_request")


WHOLE = {
    "no body": head("GET /healthz HTTP/1.1"),
    "a length": head("POST / HTTP/1.1", "content-LENGTH:  12 ") + "{\r\n\r\n678901}",
    "chunks": head("POST / HTTP/1.1", "Transfer-Encoding: gzip, Chunked")
    + "5;a=b\r\n0\r\n\r\n\r\n0A\r\n0123456789\r\n0\r\n\r\n",
    "chunks and trailers": head("POST / HTTP/1.1", "Transfer-Encoding: chunked")
    + "1\r\n0\r\n000\r\nX-A: b\r\n\r\n",
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_request_is_whole_with_its_last_byte_however_it_was_cut(kind):
    data = WHOLE[kind].encode()
    for step in (1, 2, 7, len(data)):
        incoming = Incoming(0)
        for at in range(0, len(data), step):
            assert not incoming.is_whole()
            incoming.add(data[at : at + step])
        assert incoming.is_whole()
