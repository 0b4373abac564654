"""Clerk's keys: few fetches whatever comes, stale keys over none, never too stale."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import jwt
import pytest

from tests.amount import rounds
from tests.fakes.clerk import Clerk
from tests.fakes.key_server import serving
from tests.patience import PATIENCE_SECONDS
from tests.webhooks.edge import make_settings, running
from webhooks.clerk_keys import (
    COOLDOWN_SECONDS,
    ConfiguredKey,
    FetchedKeys,
    KeysUnavailable,
    fetch_from,
)

CLERK = Clerk()


class Source:
    """A key set that can be changed or taken away, and a clock."""

    def __init__(self):
        self.fetches, self.now, self.keys = 0, 1000.0, CLERK.jwks
        self.source = FetchedKeys(self.fetch, clock=lambda: self.now)

    def fetch(self):
        self.fetches += 1
        if self.keys is None:
            raise jwt.PyJWKClientConnectionError("down")
        return self.keys


@pytest.fixture
def clerk():
    return Source()


def test_keys_are_fetched_once_for_many_tokens(clerk):
    assert [clerk.source.for_key("ins_test") for _ in range(100)] == [CLERK.jwks] * 100
    assert clerk.fetches == 1


def test_ten_thousand_unknown_keys_in_half_a_minute_cost_two_fetches(clerk):
    for number in range(10_000):
        clerk.now = 1000.0 + number * 30 / 10_000
        clerk.source.for_key(f"ins_{number}")
    clerk.now = 1030.0
    clerk.source.for_key("ins_last")
    assert clerk.fetches == 2


def test_a_new_key_is_found_after_the_cool_down(clerk):
    clerk.source.for_key("ins_test")
    clerk.keys = Clerk(kid="ins_new").jwks
    assert clerk.source.for_key("ins_new") == CLERK.jwks
    clerk.now += 30
    assert clerk.source.for_key("ins_new") == clerk.keys


def test_keys_are_refreshed_after_five_minutes(clerk):
    clerk.source.for_key("ins_test")
    clerk.now += 299
    clerk.source.for_key("ins_test")
    assert clerk.fetches == 1
    clerk.now += 1
    clerk.source.for_key("ins_test")
    assert clerk.fetches == 2


def test_when_clerk_is_down_the_last_keys_serve_for_a_day(clerk):
    clerk.source.for_key("ins_test")
    clerk.keys = None
    clerk.now += 24 * 3600
    assert clerk.source.for_key("ins_test") == CLERK.jwks
    clerk.now += 6
    with pytest.raises(KeysUnavailable):
        clerk.source.for_key("ins_test")


def test_when_clerk_was_never_there_each_try_waits_a_little(clerk):
    clerk.keys = None
    for _ in range(50):
        with pytest.raises(KeysUnavailable):
            clerk.source.for_key("ins_test")
    assert clerk.fetches == 1
    clerk.keys, clerk.now = CLERK.jwks, clerk.now + 5
    assert clerk.source.for_key("ins_test") == CLERK.jwks


def test_threads_that_come_at_once_share_a_fetch(clerk):
    with ThreadPoolExecutor(16) as people:
        found = list(people.map(lambda _: clerk.source.for_key("ins_test"), range(64)))
    assert found == [CLERK.jwks] * 64
    assert clerk.fetches == 1


def test_a_slow_refresh_makes_nobody_else_wait():
    started, release = threading.Event(), threading.Event()
    now = [0.0]

    def slow():
        if started.is_set() or now[0]:
            started.set()
            release.wait(PATIENCE_SECONDS)
        return CLERK.jwks

    source = FetchedKeys(slow, clock=lambda: now[0])
    source.for_key("ins_test")
    now[0] = 400.0
    refresher = threading.Thread(target=source.for_key, args=("ins_test",))
    refresher.start()
    assert started.wait(PATIENCE_SECONDS)
    assert source.for_key("ins_test") == CLERK.jwks
    release.set()
    refresher.join()


def test_a_configured_key_serves_its_own_id_or_any_when_none_is_named():
    bound, unbound = (ConfiguredKey.from_pem(CLERK.pem, kid) for kid in ("ins_a", None))
    assert [key["kid"] for key in bound.for_key("ins_b")["keys"]] == ["ins_a"]
    assert [key["kid"] for key in unbound.for_key("ins_b")["keys"]] == ["ins_b"]


def test_a_configured_key_may_come_from_an_environment_variable_on_one_line():
    key = ConfiguredKey.from_pem(CLERK.pem.replace("\n", "\\n"), "ins_test")
    assert key.for_key("ins_test")["keys"][0]["n"] == CLERK.jwks["keys"][0]["n"]


ANSWERS = {
    "not JSON": (200, b"<html>"),
    "a list": (200, b"[]"),
    "no keys": (200, b'{"keys": []}'),
    "keys without ids": (200, b'{"keys": [{"kty": "RSA"}]}'),
    "an error": (500, json.dumps(CLERK.jwks).encode()),
    "a redirect": (302, b""),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_that_is_no_key_set_is_not_cached(case):
    status, body = ANSWERS[case]
    with serving(body, status=status) as server, pytest.raises(jwt.PyJWKClientError):
        fetch_from(server.url)()


def test_a_key_set_is_fetched_over_http():
    with serving(CLERK.jwks) as server:
        assert fetch_from(server.url)() == CLERK.jwks


def test_the_fetcher_says_who_it_is_as_firewalls_refuse_a_library():
    with serving(CLERK.jwks) as server:
        fetch_from(server.url)()
    assert server.user_agent == "CreatorsCook-edge/1"


def test_nothing_but_http_is_fetched():
    with pytest.raises(jwt.PyJWKClientError):
        fetch_from("file:///etc/passwd")


@contextmanager
def app_of(server, folder):
    """The app, with Clerk's keys from there and no database."""
    changes = {"clerk_jwt_key": None, "clerk_jwks_url": server.url}
    yield from running(make_settings("postgresql://nobody@127.0.0.1:1/none", folder, **changes))


def test_over_http_ten_thousand_unknown_keys_cost_one_fetch_per_cool_down(tmp_path):
    with serving(CLERK.jwks) as server, app_of(server, tmp_path) as edge:
        statuses, started = set(), time.monotonic()
        for number in range(rounds(500, full=10_000)):
            token = CLERK.sign_raw(unknown_key_header(number), b"{}")
            headers = {"Authorization": f"Bearer {token}"}
            statuses.add(edge.client.post("/auth/session", headers=headers).status_code)
        assert statuses <= {401, 429}
        seconds = time.monotonic() - started
        print(f"{server.fetches} fetches in {seconds:.0f} s")  # noqa: T201
        assert server.fetches <= 1 + seconds // COOLDOWN_SECONDS


def unknown_key_header(number):
    return json.dumps(CLERK.headers(kid=f"ins_{number}")).encode()


def test_without_keys_a_good_token_is_asked_to_come_again(tmp_path):
    with serving(b"down", status=500) as server, app_of(server, tmp_path) as edge:
        answer = edge.session()
        ready = edge.client.get("/readyz")
        assert (answer.status_code, answer.json["code"]) == (503, "sign_in_unavailable")
        assert answer.headers["Retry-After"] == "2"
        assert ready.json["detail"] == "Not ready: database, clerk_keys."


def test_without_keys_a_bad_token_is_still_refused(tmp_path):
    with serving(b"down", status=500) as server, app_of(server, tmp_path) as edge:
        answer = edge.client.post("/auth/session", headers={"Authorization": "Bearer x.y.z"})
        assert (answer.status_code, server.fetches) == (401, 0)
