"""The edge as it is deployed, under gunicorn, spoken to over a bare socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from contextlib import suppress

import pytest

from tests.fakes.clerk import ORIGIN
from tests.patience import PATIENCE_SECONDS, wait_until
from tests.webhooks import served
from webhooks.buffering import READ_SECONDS


@pytest.fixture(scope="module")
def gunicorn(tmp_path_factory):
    """An edge whose database is not there."""
    folder = tmp_path_factory.mktemp("gunicorn")
    with served.edge(folder, "postgresql://nobody@127.0.0.1:1/none") as running:
        yield running


def say(port, text, *, half_close=False):
    """Everything that comes back until the server closes: status, headers, body."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as connection:
        connection.sendall(text.encode("latin-1"))
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        return read_answer(connection)


def read_answer(connection):
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, body


def head(first, *lines):
    return "\r\n".join([first, "Host: 127.0.0.1", "Connection: close", *lines, "", ""])


# What no WSGI client can send, and what gunicorn or Flask must make of it.
HOSTILE = {
    "two hosts": (head("GET /healthz HTTP/1.1", "Host: evil.example"), 400),
    "two kinds of content": (
        head("POST /clerk/webhook HTTP/1.1", "Content-Type: a/b", "Content-Type: application/json"),
        400,
    ),
    "two lengths": (
        head("POST /clerk/webhook HTTP/1.1", "Content-Length: 1", "Content-Length: 2"),
        400,
    ),
    "a length and chunks": (
        head("POST /clerk/webhook HTTP/1.1", "Content-Length: 1", "Transfer-Encoding: chunked"),
        400,
    ),
    "a negative length": (head("POST /clerk/webhook HTTP/1.1", "Content-Length: -1"), 400),
    "a chunk of no size": (
        head("POST /clerk/webhook HTTP/1.1", "Transfer-Encoding: chunked") + "zz\r\nxx\r\n",
        400,
    ),
    "a chunk that ends early": (
        head("POST /clerk/webhook HTTP/1.1", "Transfer-Encoding: chunked") + "ff\r\nxx",
        400,
    ),
    "a body that ends early": (
        head("POST /clerk/webhook HTTP/1.1", "Content-Length: 100") + "xx",
        400,
    ),
    "chunks over a megabyte": (
        head("POST /clerk/webhook HTTP/1.1", "Transfer-Encoding: chunked")
        + "110000\r\n" + "x" * 0x110000 + "\r\n0\r\n\r\n",
        413,
    ),
    "a header with a line break in its name": (head("GET /healthz HTTP/1.1", "X y: z"), 400),
    "an endless header": (head("GET /healthz HTTP/1.1", "X-A: " + "x" * 10_000), 431),
    "an endless line": (head("GET /" + "x" * 5000 + " HTTP/1.1"), 414),
    "a verb that is none": (head("G(T /healthz HTTP/1.1"), 400),
    "another protocol": (head("GET /healthz HTTP/3.7"), 400),
    "no HTTP at all": ("\x16\x03\x01\x02\x00\r\n\r\n", 400),
    "two Authorization headers": (
        head("POST /auth/session HTTP/1.1", "Authorization: Bearer a", "Authorization: Bearer b"),
        401,
    ),
    "a path that is not there": (head("GET /nowhere HTTP/1.1"), 404),
    "a verb that is not offered": (head("TRACE /healthz HTTP/1.1"), 405),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_whatever_is_sent_is_answered_with_a_problem_that_repeats_none_of_it(gunicorn, case):
    text, expected = HOSTILE[case]
    status, headers, body = say(gunicorn.port, text, half_close=True)
    assert status == expected
    assert headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["status"] == expected
    assert set(json.loads(body)) == {"type", "title", "status", "code", "detail", "instance"}
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert "Server" not in headers
    assert b"evil" not in body
    assert b"xx" not in body


def test_no_answer_names_the_server(gunicorn):
    status, headers, _ = say(gunicorn.port, head("GET /healthz HTTP/1.1"))
    assert status == 200
    assert "Server" not in headers


@pytest.mark.parametrize(
    ("origin", "expected"), [(ORIGIN, ORIGIN), (ORIGIN + ".evil.example", None)]
)
def test_a_preflight_is_answered_for_exact_origins(gunicorn, origin, expected):
    asked = head("OPTIONS /auth/session HTTP/1.1", f"Origin: {origin}")
    _, headers, _ = say(gunicorn.port, asked)
    assert headers.get("Access-Control-Allow-Origin") == expected


def test_a_body_in_chunks_is_a_body_too(gunicorn):
    token = served.CLERK.token(int(time.time()))
    asked = head(
        "POST /auth/session HTTP/1.1",
        f"Authorization: Bearer {token}",
        "Transfer-Encoding: chunked",
    )
    status, _, body = say(gunicorn.port, asked + "2\r\n{}\r\n0\r\n\r\n")
    assert (status, json.loads(body)["code"]) == (413, "too_large")


@pytest.mark.parametrize("path", ["create", "portal", "sync"])
def test_what_a_browser_sends_about_billing_is_small(gunicorn, path):
    token = served.CLERK.token(int(time.time()))
    lines = (f"Authorization: Bearer {token}", "Content-Type: application/json")
    asked = head(f"POST /subscriptions/{path} HTTP/1.1", *lines, "Content-Length: 5000")
    status, _, body = say(gunicorn.port, asked + "x" * 5000)
    assert (status, json.loads(body)["code"]) == (413, "too_large")


STOPPING = "Not ready: stopping."


def test_after_sigterm_it_is_not_ready_but_still_serves_until_it_ends(tmp_path, db, monkeypatch):
    try:
        stop_softly(tmp_path, db, monkeypatch, drain_seconds=3)
    except TooBusyError:
        stop_softly(tmp_path, db, monkeypatch, drain_seconds=20)


class TooBusyError(Exception):
    """The drain was over before all was asked that must be answered within it."""


def stop_softly(tmp_path, db, monkeypatch, *, drain_seconds):
    monkeypatch.setenv("DRAIN_SECONDS", str(drain_seconds))
    with (
        served.edge(tmp_path, db.url("webhook"), "--workers=1") as running,
        socket.create_connection(("127.0.0.1", running.port), PATIENCE_SECONDS) as slow,
    ):
        assert say(running.port, head("GET /readyz HTTP/1.1"))[0] == 200
        slow.sendall(head("POST /clerk/webhook HTTP/1.1", "Content-Length: 2").encode() + b"x")
        told_at = time.monotonic()
        os.kill(running.pid, signal.SIGTERM)
        try:
            while say(running.port, head("GET /readyz HTTP/1.1"))[0] == 200:
                pass
            _, _, body = say(running.port, head("GET /readyz HTTP/1.1"))
            assert json.loads(body)["detail"] == STOPPING
            assert say(running.port, head("GET /healthz HTTP/1.1"))[0] == 200
        except ConnectionRefusedError as refused:
            if time.monotonic() - told_at < drain_seconds:
                raise
            raise TooBusyError from refused
        slow.sendall(b"x")
        assert read_answer(slow)[0] == 400  # in flight when the signal came: finished


def test_who_comes_while_it_stops_is_answered_or_refused_and_never_reset(tmp_path, monkeypatch):
    """A proxy repeats what was refused; of what was sent and reset it can't know what happened."""
    monkeypatch.setenv("DRAIN_SECONDS", "0.5")
    text = head("GET /healthz HTTP/1.1")
    answers = []
    with (
        served.edge(tmp_path, "postgresql://nobody@127.0.0.1:1/none") as running,
        socket.create_connection(("127.0.0.1", running.port), PATIENCE_SECONDS) as slow,
    ):
        slow.sendall(text[:20].encode())  # keeps the processes for as long as it may take
        told_at = time.monotonic()
        os.kill(running.pid, signal.SIGTERM)
        with suppress(ConnectionRefusedError):
            while True:
                answers.append(say(running.port, text)[0])
        slow.sendall(text[20:].encode())
        # A machine that took longer for the rest than a request may take may refuse the request.
        is_late = time.monotonic() - told_at > READ_SECONDS
        assert read_answer(slow)[0] in ({200, 408} if is_late else {200})
    assert set(answers) == {200}


def test_a_worker_that_is_told_to_stop_while_it_starts_ends_by_itself(tmp_path, monkeypatch):
    """The handlers of the master, which it has until then, would take the signal and lose it."""
    monkeypatch.setenv("DRAIN_SECONDS", "0")
    with served.edge(
        tmp_path,
        "postgresql://nobody@127.0.0.1:1/none",
        *("-c", "tests/webhooks/slow_fork.conf.py"),
        SLOW_FORK_FOLDER=str(tmp_path),
    ) as running:
        wait_until((tmp_path / "forked").exists)
        os.kill(running.pid, signal.SIGTERM)
        wait_until((tmp_path / "ended-1").exists)  # both were told
        (tmp_path / "told").touch()
    assert (tmp_path / "ended-2").exists()
