"""Our own tokens and the file of keys that signs them."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace

import jwt
import pytest

from tests.webhooks.edge import NOW, signing_jwk
from webhooks.clerk_tokens import InvalidToken, Session
from webhooks.token_issuer import Caller, TokenIssuer, read_keys

SESSION = Session("https://clerk.example.test", "user_a", "sess_a", NOW, NOW + 60)
ISSUER = "https://edge.example.test"
OWN = Caller(uuid.uuid4(), None, "person", "admin", NOW)
MEMBER = Caller(uuid.uuid4(), uuid.uuid4(), "organisation", "editor", NOW - 7)


@pytest.fixture
def keys_file(tmp_path):
    path = tmp_path / "edge.json"
    write(path, signing_jwk("one"))
    return path


def write(path, *keys):
    """As a rotation does it: a new file in the old one's place."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"keys": keys}))
    fresh.replace(path)


def token_issuer(path, clock=lambda: 0.0):
    return TokenIssuer(path, issuer=ISSUER, lifetime_seconds=300, clock=clock)


@pytest.mark.parametrize("caller", [OWN, MEMBER], ids=["person", "member"])
def test_a_token_of_ours_is_recognised(keys_file, caller):
    made = token_issuer(keys_file)
    assert made.verify(made.issue(SESSION, caller, now=NOW), now=NOW) == caller


def test_a_token_of_ours_expires_on_the_second(keys_file):
    made = token_issuer(keys_file)
    token = made.issue(SESSION, OWN, now=NOW)
    for now in (NOW - 1, NOW + 300):
        with pytest.raises(InvalidToken):
            made.verify(token, now=now)
    assert made.verify(token, now=NOW + 299)


def forged(path, **changes):
    key = jwt.PyJWK(json.loads(path.read_text())["keys"][0]).key
    claims = {
        "iss": ISSUER, "aud": "authenticated", "sub": str(uuid.uuid4()),
        "iat": NOW, "nbf": NOW, "exp": NOW + 300, "account_role": "admin",
    } | changes  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not ...}
    return jwt.encode(claims, key, "ES256", headers={"kid": "one"})


FORGERIES = [
    {"iss": "https://other"}, {"iss": ...}, {"aud": "anon"}, {"aud": ...}, {"exp": ...},
    {"nbf": ...}, {"iat": ...}, {"sub": ...}, {"sub": "alice"}, {"exp": "soon"}, {"nbf": None},
    {"account_role": ...}, {"account_role": "owner"}, {"account_role": []},
    {"act": {"sub": "alice"}}, {"act": {"sub": str(uuid.UUID(int=7))}},
]  # fmt: skip


@pytest.mark.parametrize("changes", FORGERIES, ids=str)
def test_a_token_of_another_form_is_not_ours(keys_file, changes):
    made = token_issuer(keys_file)
    assert made.verify(forged(keys_file), now=NOW)
    with pytest.raises(InvalidToken):
        made.verify(forged(keys_file, **changes), now=NOW)


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "é.é.é", "..", "e30.e30.e30"])
def test_nonsense_is_not_ours(keys_file, token):
    with pytest.raises(InvalidToken):
        token_issuer(keys_file).verify(token, now=NOW)


def test_a_strangers_key_with_our_key_id_is_not_ours(keys_file, tmp_path):
    theirs = tmp_path / "theirs.json"
    write(theirs, signing_jwk("one"))
    token = token_issuer(theirs).issue(SESSION, OWN, now=NOW)
    with pytest.raises(InvalidToken):
        token_issuer(keys_file).verify(token, now=NOW)


def test_a_second_factor_a_member_and_an_impersonator_are_passed_on(keys_file):
    session = replace(
        SESSION,
        has_second_factor=True,
        actor="user_admin",
    )
    token = token_issuer(keys_file).issue(session, MEMBER, now=NOW)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["aal"], claims["impersonator"]) == ("aal2", {"sub": "user_admin"})
    assert (claims["sub"], claims["account_role"]) == (str(MEMBER.account_id), "editor")
    assert (claims["act"], claims["session_iat"]) == ({"sub": str(MEMBER.person_id)}, NOW - 7)
    assert claims["role"] == "authenticated"


def test_only_public_halves_are_published(keys_file):
    write(keys_file, signing_jwk("one"), signing_jwk("two"))
    published = token_issuer(keys_file).keys.published["keys"]
    assert [set(key) for key in published] == [{"kty", "crv", "x", "y", "kid", "alg", "use"}] * 2


def test_a_rotation_is_seen_within_a_second_and_old_tokens_live_on(keys_file):
    now = [0.0]
    made = token_issuer(keys_file, lambda: now[0])
    old_token = made.issue(SESSION, OWN, now=NOW)
    old = json.loads(keys_file.read_text())["keys"][0]
    write(keys_file, signing_jwk("two"), old)
    assert made.keys.signing_kid == "one"
    now[0] = 1.0
    new_token = made.issue(SESSION, OWN, now=NOW)
    assert jwt.get_unverified_header(new_token)["kid"] == "two"
    assert made.verify(old_token, now=NOW)
    assert made.verify(new_token, now=NOW)


def test_a_file_in_the_middle_of_an_edit_changes_nothing(keys_file):
    now = [0.0]
    made = token_issuer(keys_file, lambda: now[0])
    for content in ("", "{", '{"keys": []}'):
        keys_file.write_text(content)
        now[0] += 1
        assert made.keys.signing_kid == "one"
    keys_file.unlink()
    now[0] += 1
    assert made.keys.signing_kid == "one"


RSA = {"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"}
BROKEN = {
    "nothing": "",
    "a list": "[]",
    "no keys": '{"keys": []}',
    "another kind": json.dumps({"keys": [RSA]}),
    "a public key": json.dumps({"keys": [{k: v for k, v in signing_jwk().items() if k != "d"}]}),
    "no kid": json.dumps({"keys": [{k: v for k, v in signing_jwk().items() if k != "kid"}]}),
    "a kid twice": json.dumps({"keys": [signing_jwk("a"), signing_jwk("a")]}),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_key_file_stops_the_start(case):
    with pytest.raises(ValueError, match=r"signing key file|Expecting"):
        read_keys(BROKEN[case])
