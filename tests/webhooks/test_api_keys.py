"""An API key in, our own token out: what it says, how often, and what no log ever holds."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.database import Database, Row, make_user
from tests.server import TestServer
from tests.webhooks.edge import NOW, Edge, make_settings, running
from tests.webhooks.test_session import claims_of


def make_key(db: Database, user_id: uuid.UUID, scope: str = "read") -> Row:
    with db.as_user(user_id) as admin:
        return admin.row("select * from public.create_api_key('CI', %s)", [scope])


def exchange(edge: Edge, key: str):
    return edge.client.post("/auth/session", headers={"Authorization": f"Bearer {key}"})


@pytest.mark.parametrize(
    ("scope", "role", "scopes"), [("read", "viewer", "read"), ("write", "editor", "read write")]
)
def test_a_key_becomes_a_short_token_of_its_scope(edge: Edge, db, scope, role, scopes):
    user = make_user(db)
    key = make_key(db, user, scope)
    answer = exchange(edge, key["secret"])
    body = answer.json
    assert answer.status_code == 200
    assert body == {
        "access_token": body["access_token"],
        "issued_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_type": "Bearer",
        "expires_in": 300,
        "expires_at": NOW + 300,
        "user": {"id": str(user)},
        "account": {"id": str(user), "kind": "person", "role": role},
        "api_url": "https://api.example.test",
        "scope": scopes,
    }
    claims = claims_of(edge, body["access_token"])
    assert claims == {
        "iss": "https://edge.example.test",
        "aud": "authenticated",
        "role": "authenticated",
        "sub": str(user),
        "account_role": role,
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 300,
        "jti": claims["jti"],
        "session_id": str(key["id"]),
        "aal": "aal1",
        "is_anonymous": False,
        "app_metadata": {"provider": "api_key"},
        "api_key": str(key["id"]),
        "scope": scopes,
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_token_outlives_its_key(edge: Edge, db):
    key = make_key(db, make_user(db))
    db.execute("update public.api_keys set expires_at = now() + interval '60 seconds'")
    edge.now = int(db.value("select extract(epoch from now())"))
    body = exchange(edge, key["secret"]).json
    assert 50 <= body["expires_in"] <= 60
    claims = claims_of(edge, body["access_token"])
    assert claims["exp"] - claims["iat"] == body["expires_in"]


@pytest.mark.parametrize("how", ["revoked", "expired", "unknown", "cut", "upper case"])
def test_a_key_that_is_not_live_is_refused_as_any_token(edge: Edge, db, how):
    secret = make_key(db, make_user(db))["secret"]
    if how == "revoked":
        db.execute("update public.api_keys set revoked_at = now()")
    elif how == "expired":
        db.execute("update public.api_keys set expires_at = now()")
    elif how == "unknown":
        secret = "cck_" + "0" * 64
    elif how == "cut":
        secret = secret[:-1]
    else:
        secret = "cck_" + secret[4:].upper() + "A"
    answer = exchange(edge, secret)
    assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")
    assert answer.json["detail"] == "This API key is unknown, was revoked or has expired."


def test_the_key_of_a_deleted_account_is_refused(edge: Edge, db):
    user = make_user(db)
    secret = make_key(db, user)["secret"]
    db.execute("update private.accounts set deleted_at = now() where id = %s", user)
    answer = exchange(edge, secret)
    assert (answer.status_code, answer.json["code"]) == (403, "account_deleted")


def test_a_key_and_guesses_have_bounds(db, tmp_path):
    secret = make_key(db, make_user(db))["secret"]
    limits = {"sessions_per_minute": 2, "refusals_per_minute": 3}
    for edge in running(make_settings(db.url("webhook"), tmp_path, **limits)):
        assert [exchange(edge, secret).status_code for _ in range(3)] == [200, 200, 429]
        guesses = [exchange(edge, f"cck_{number:064x}") for number in range(4)]
        assert [answer.status_code for answer in guesses] == [401, 401, 401, 429]
        assert guesses[-1].headers["Retry-After"]


def test_what_an_address_guesses_is_not_looked_up_without_bound(db, tmp_path):
    known, new = (make_key(db, make_user(db))["secret"] for _ in range(2))
    for edge in running(make_settings(db.url("webhook"), tmp_path, refusals_per_minute=3)):
        looked_up = edge.watch_database()
        assert exchange(edge, known).status_code == 200
        guesses = [exchange(edge, f"cck_{number:064x}").status_code for number in range(50)]
        assert guesses == [401] * 3 + [429] * 47
        assert len(looked_up) == 4
        # A key that was good here is still served, and one that is refused is no longer known.
        assert exchange(edge, known).status_code == 200
        assert exchange(edge, new).status_code == 429
        db.execute("update public.api_keys set revoked_at = now()")
        for _ in range(3):
            assert exchange(edge, known).status_code == 429
        assert len(looked_up) == 6
        # Another address is not concerned, nor is a person's session.
        elsewhere = edge.client.post(
            "/auth/session",
            headers={"Authorization": f"Bearer {new}"},
            environ_base={"REMOTE_ADDR": "203.0.113.7"},
        )
        assert elsewhere.status_code == 401
        assert edge.session().status_code == 200


@pytest.mark.parametrize("path", ["create", "portal", "sync"])
def test_billing_is_not_for_keys(shop: Edge, db, path):
    token = exchange(shop, make_key(db, make_user(db), "write")["secret"]).json["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    answer = shop.client.post(f"/subscriptions/{path}", json={"plan": "creator"}, headers=bearer)
    assert (answer.status_code, answer.json["code"]) == (403, "role_not_allowed")


def test_the_edge_refuses_tokens_of_a_revoked_key_at_once(edge: Edge, db):
    token = exchange(edge, make_key(db, make_user(db), "write")["secret"]).json["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    # An editor may; TikTok is not set up here.
    assert edge.client.post("/tiktok/connect", headers=bearer).status_code == 503
    db.execute("update public.api_keys set revoked_at = now()")
    answer = edge.client.post("/tiktok/connect", headers=bearer)
    assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")


def test_a_key_itself_opens_no_other_route(shop: Edge, db):
    secret = make_key(db, make_user(db), "write")["secret"]
    answer = shop.client.post(
        "/subscriptions/portal", headers={"Authorization": f"Bearer {secret}"}
    )
    assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")


def test_no_log_and_no_metric_ever_holds_a_key(
    edge: Edge, db, postgres_server: TestServer, capsys: pytest.CaptureFixture[str]
):
    secret = make_key(db, make_user(db))["secret"]
    guess = "cck_" + "5" * 64
    statuses = [exchange(edge, key).status_code for key in (secret, guess, secret[:-1])]
    db.execute("update private.accounts set deleted_at = now()")
    statuses.append(exchange(edge, secret).status_code)
    edge.client.post("/tiktok/connect", headers={"Authorization": f"Bearer {secret}"})
    assert statuses == [200, 401, 401, 403]
    written = capsys.readouterr().out
    lines = [json.loads(line) for line in written.splitlines()]
    assert [line["status"] for line in lines if line["event"] == "request"] == [*statuses, 401]
    server_log = (postgres_server.data_dir / "server.log").read_text(errors="replace")
    assert "account_deleted" in server_log  # the refused exchange is there
    for text in (written, server_log, edge.client.get("/metrics").text):
        assert [key for key in (secret, guess) if key[4:40] in text] == []
