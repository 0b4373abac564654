"""The stand-in for Clerk makes tokens that the real check accepts."""

from __future__ import annotations

import os

import jwt
import pytest

from core.config import LocalSettings
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


def test_the_key_is_read_once_and_anew_when_it_changes(key_file, tmp_path, monkeypatch):
    read = []
    load = clerk.load_pem_private_key
    monkeypatch.setattr(
        clerk, "load_pem_private_key", lambda *given, **more: read.append(1) or load(*given, **more)
    )
    copy = tmp_path / "clerk.pem"
    copy.write_bytes(key_file.read_bytes())
    for _ in range(3):
        clerk.session_token(copy, "alice", issuer=ISSUER, origin=ORIGIN, now=NOW)
    assert len(read) == 1
    os.utime(copy, ns=(1, 1))
    clerk.session_token(copy, "alice", issuer=ISSUER, origin=ORIGIN, now=NOW)
    assert len(read) == 2


TOKENS = "/v1/client/sessions/sess_1/tokens?name=alice"
PAGE = {"Origin": "http://localhost:5173"}


def ask(key_file, path: str = TOKENS, headers=PAGE, host: str = "127.0.0.1:1", **settings):
    """What the stand-in answers to a page."""
    app = clerk.create_app(LocalSettings(local_dir=key_file.parents[1], **settings))
    return app.test_client().post(path, headers={"Host": host} | headers)


def claims(answer) -> dict[str, object]:
    return jwt.decode(answer.json["jwt"], options={"verify_signature": False})


def test_a_page_of_this_machine_gets_a_session_token_at_any_port(key_file):
    answer = ask(key_file)
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
    found = claims(answer)
    assert (found["sub"], found["sid"]) == (clerk.subject("alice"), "sess_1")
    assert found["azp"] == PAGE["Origin"]
    assert "o" not in found


def test_a_command_gets_one_for_the_frontend(key_file):
    answer = ask(key_file, headers={}, app_url="http://127.0.0.1:4321")
    assert claims(answer)["azp"] == "http://127.0.0.1:4321"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_page_may_act_for_an_organisation(key_file):
    found = claims(ask(key_file, f"{TOKENS}&org=acme&role=editor"))
    assert found["o"]["id"] == clerk.subject("acme", "org")
    assert found["o"]["rol"] == "member"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"headers": {"Origin": "https://localhost:5173"}}, 403),
        ({"headers": {"Origin": "http://shop.example"}}, 403),
        ({"headers": {"Origin": "http://localhost.shop.example"}}, 403),
        ({"headers": {"Origin": "null"}}, 403),
        ({"host": "shop.example"}, 404),
        ({"host": "127.0.0.1.shop.example:1"}, 404),
        ({"app_env": "production"}, 404),
        ({"path": TOKENS.replace("alice", "")}, 400),
        ({"path": TOKENS.replace("alice", "a%20b")}, 400),
        ({"path": f"{TOKENS}&role=owner"}, 400),
        ({"path": f"{TOKENS}&org={'a' * 65}"}, 400),
    ],
    ids=[
        "https", "elsewhere", "looks-like", "no-origin", "host", "host-looks-like", "production",
        "nobody", "name", "role", "organisation",
    ],
)  # fmt: skip
def test_nobody_else_gets_one(key_file, changes, status):
    answer = ask(key_file, **changes)
    assert answer.status_code == status
    assert "Access-Control-Allow-Origin" not in answer.headers
