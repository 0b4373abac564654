"""The stand-in for Clerk makes tokens that the real check accepts."""

from __future__ import annotations

import pytest

from local import clerk, keys
from local.layout import prepare
from webhooks.clerk_tokens import InvalidToken, Policy, verify

ISSUER, ORIGIN, NOW = "http://127.0.0.1:1", "http://127.0.0.1:3000", 1_800_000_000


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory):
    layout = prepare(tmp_path_factory.mktemp("stack"))
    keys.ensure(layout)
    return layout.clerk_key


def check(key_file, token: str, now: int = NOW):
    jwks = {"keys": [clerk._public_jwk(key_file)]}
    policy = Policy(issuer=ISSUER, authorized_parties=frozenset({ORIGIN}))
    return verify(token, jwks=jwks, policy=policy, now=now)


def test_a_local_session_passes_the_real_check(key_file):
    token = clerk.session_token(key_file, "alice", issuer=ISSUER, origin=ORIGIN, now=NOW)
    assert check(key_file, token).subject == clerk.subject("alice")


def test_a_local_session_ends_after_a_minute(key_file):
    token = clerk.session_token(key_file, "alice", issuer=ISSUER, origin=ORIGIN, now=NOW)
    with pytest.raises(InvalidToken):
        check(key_file, token, now=NOW + 66)


def test_a_name_is_always_the_same_person_and_no_other():
    assert clerk.subject("alice") == clerk.subject("alice") != clerk.subject("bob")
