"""Connecting a TikTok account: whose consent it is, what is kept, how it ends."""

from __future__ import annotations

import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.fernet import Fernet
from pydantic import ValidationError

from core.config import EdgeSettings
from core.encryption import Encryption
from tests.database import make_user
from tests.erasure import bury
from tests.fakes import tiktok as fake_tiktok
from tests.webhooks.edge import Edge, running

KEYS = (Fernet.generate_key().decode(), Fernet.generate_key().decode())
APP = "https://app.example.test"


@pytest.fixture
def tiktok():
    with fake_tiktok.serving() as fake:
        yield fake


@pytest.fixture
def connected(settings: EdgeSettings, tiktok):
    """The app with an application at TikTok."""
    changes = {
        "tiktok_client_key": fake_tiktok.KEY,
        "tiktok_client_secret": fake_tiktok.SECRET,
        "tiktok_token_keys": KEYS[:1],
        "tiktok_base_url": tiktok.url,
        "app_url": APP,
    }
    yield from running(EdgeSettings(**(settings.model_dump() | changes)))


def begin(edge: Edge, user="user_alice"):
    return edge.client.post("/tiktok/connect", headers=edge.bearer(user)).json["url"]


def come_back(edge: Edge, url, code, user="user_alice"):
    """What the page does to which TikTok sends the browser back."""
    state = parse_qs(urlsplit(url).query)["state"][0]
    return bring(edge, {"state": state, "code": code}, user)


def bring(edge: Edge, body, user="user_alice"):
    return edge.client.post("/tiktok/callback", json=body, headers=edge.bearer(user))


def connect(edge, tiktok, user="user_alice"):
    url = begin(edge, user)
    return come_back(edge, url, tiktok.agree(url), user)


def outcome(answer):
    return answer.status_code, answer.json.get("code") or answer.json["status"]


CONNECTED, DENIED, FAILED = (200, "connected"), (422, "tiktok_denied"), (502, "tiktok_failed")


def test_a_creator_connects_and_the_tokens_are_sealed(connected, tiktok, db):
    assert outcome(connect(connected, tiktok)) == CONNECTED
    row = db.row("select * from private.tiktok_connections")
    assert row["user_id"] == uuid.UUID(connected.session().json["user"]["id"])
    assert "secret" not in str(row)
    encryption = Encryption(KEYS[:1])
    assert encryption.decrypt(row["access_token"]) in tiktok.access
    assert encryption.decrypt(row["refresh_token"]) in tiktok.refresh


def test_the_page_at_tiktok_is_asked_for_what_it_needs(connected):
    answer = connected.client.post("/tiktok/connect", headers=connected.bearer())
    address = urlsplit(answer.json["url"])
    asked = parse_qs(address.query)
    assert answer.status_code == 201
    assert f"{address.scheme}://{address.netloc}{address.path}" == (
        "https://www.tiktok.com/v2/auth/authorize/"
    )
    assert asked["redirect_uri"] == [f"{APP}/connections"]
    assert len(asked["state"][0]) >= 43


def test_a_state_serves_once(connected, tiktok, db):
    url = begin(connected)
    code = tiktok.agree(url)
    come_back(connected, url, code)
    again = come_back(connected, url, tiktok.agree(url))
    assert (again.status_code, again.json["code"]) == (400, "invalid_state")
    assert tiktok.calls == ["authorization_code"]


def test_a_state_is_used_up_by_a_failure_too(connected, tiktok):
    url = begin(connected)
    assert outcome(come_back(connected, url, "forged")) == FAILED
    assert come_back(connected, url, tiktok.agree(url)).json["code"] == "invalid_state"


def test_a_state_lives_for_ten_minutes(connected, tiktok, db):
    url = begin(connected)
    db.execute("update private.tiktok_states set created_at = now() - interval '11 minutes'")
    answer = come_back(connected, url, tiktok.agree(url))
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_state")
    assert db.value("select count(*) from private.tiktok_connections") == 0


@pytest.mark.parametrize(
    "body",
    [{}, {"state": ""}, {"state": "made-up", "code": "x"}, {"code": "x"}, {"state": "\ud800"}],
)
def test_an_invented_state_is_refused(connected, tiktok, body):
    answer = bring(connected, body)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_state")
    assert tiktok.calls == []


@pytest.mark.parametrize("body", [[], {"state": 1}, {"state": "x", "code": None}, "state"])
def test_a_body_of_another_shape_is_refused(connected, tiktok, body):
    answer = bring(connected, body)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert tiktok.calls == []


def test_who_agrees_for_somebody_else_is_connected_to_nobody(connected, tiktok, db):
    """Alice sends Bob the page that she was given; he agrees, and comes back as himself."""
    url = begin(connected)
    answer = come_back(connected, url, tiktok.agree(url), "user_bob")
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_state")
    strangers = connected.client.post("/tiktok/callback", json={"state": "s", "code": "c"})
    assert strangers.status_code == 401
    assert tiktok.calls == []
    assert db.value("select count(*) from private.tiktok_connections") == 0


def test_the_code_of_one_consent_does_not_serve_another(connected, tiktok, db):
    """PKCE: a code that was caught on its way is worth nothing with another state."""
    alices, bobs = begin(connected), begin(connected, "user_bob")
    answer = come_back(connected, bobs, tiktok.agree(alices), "user_bob")
    assert outcome(answer) == FAILED
    assert db.value("select count(*) from private.tiktok_connections") == 0


def test_a_creator_who_says_no_is_connected_to_nothing(connected, tiktok, db):
    url = begin(connected)
    state = parse_qs(urlsplit(url).query)["state"][0]
    assert outcome(bring(connected, {"state": state})) == DENIED
    assert tiktok.calls == []


def test_a_creator_who_keeps_the_videos_back_is_connected_to_nothing(connected, tiktok, db):
    tiktok.scopes = "user.info.basic"
    assert outcome(connect(connected, tiktok)) == DENIED
    assert (len(tiktok.revoked), tiktok.access) == (1, set())
    assert db.value("select count(*) from private.tiktok_connections") == 0


def test_connecting_again_keeps_one_connection(connected, tiktok, db):
    connect(connected, tiktok)
    connect(connected, tiktok)
    encryption = Encryption(KEYS[:1])
    assert encryption.decrypt(
        db.row("select access_token from private.tiktok_connections")["access_token"]
    ).endswith("-4")
    assert db.value("select count(*) from private.tiktok_revocations") == 0


def test_another_persons_account_replaces_the_first_and_that_one_is_given_back(
    connected, tiktok, db
):
    connect(connected, tiktok)
    tiktok.open_id = "creator-2"
    connect(connected, tiktok)
    assert db.value("select open_id from private.tiktok_connections") == "creator-2"
    assert queued(db) == 1


def queued(db):
    return db.value(
        "select count(*) from private.live_jobs as l join private.tiktok_revocations as r"
        " on l.arguments = jsonb_build_object('revocation_id', r.id)"
        " where l.kind = 'revoke_tiktok'"
    )


def test_disconnecting_forgets_at_once_and_tells_tiktok_by_a_job(connected, tiktok, db):
    connect(connected, tiktok)
    answers = [
        connected.client.delete("/tiktok/connect", headers=connected.bearer()) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [204, 204]
    assert db.value("select count(*) from private.tiktok_connections") == 0
    assert queued(db) == 1


def test_erasing_an_account_gives_its_tokens_back(connected, tiktok, db):
    begin(connected)
    connect(connected, tiktok)
    connected.tell({"type": "user.deleted", "data": {"id": "user_alice"}})
    assert db.value("select count(*) from private.tiktok_connections") == 0
    assert db.value("select count(*) from private.tiktok_states") == 0
    assert queued(db) == 1


def test_an_account_that_is_erased_meanwhile_is_not_connected(connected, tiktok, db):
    url = begin(connected)
    state = parse_qs(urlsplit(url).query)["state"][0]
    token = connected.session().json["access_token"]
    bury(db, db.value("select user_id from private.tiktok_states"))
    answer = connected.client.post(
        "/tiktok/callback",
        json={"state": state, "code": tiktok.agree(url)},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert outcome(answer) == (403, "account_deleted")
    assert db.value("select count(*) from private.tiktok_connections") == 0
    assert tiktok.access == set()


def test_the_owner_sees_the_connection_and_no_token(connected, tiktok, db):
    connect(connected, tiktok)
    alice = uuid.UUID(connected.session().json["user"]["id"])
    with db.as_user(alice) as owner:
        shown = owner.value("select tiktok from public.account()")
        exported = owner.value("select public.export_account()")
    assert shown.keys() == {"scopes", "connected_at", "expires_at"}
    [row] = exported["tiktok_connections"]
    assert row.keys() == {"open_id", "scopes", "connected_at", "expires_at"}
    encrypted = db.row("select access_token, refresh_token from private.tiktok_connections")
    assert not [token for token in encrypted.values() if token in str(exported)]
    with db.as_user(make_user(db)) as other:
        assert other.value("select tiktok from public.account()") is None


def test_strangers_connect_nothing(connected):
    for verb in ("post", "delete"):
        assert getattr(connected.client, verb)("/tiktok/connect").status_code == 401


def test_without_an_application_at_tiktok_it_says_so(edge):
    answer = edge.client.post("/tiktok/connect", headers=edge.bearer())
    assert (answer.status_code, answer.json["code"]) == (503, "tiktok_not_configured")


def test_tiktok_being_down_is_a_failure_that_can_be_repeated(connected, tiktok):
    tiktok.oauth_error = (503, "down")
    assert outcome(connect(connected, tiktok)) == FAILED
    tiktok.oauth_error = None
    assert outcome(connect(connected, tiktok)) == CONNECTED


def test_an_older_key_still_opens_what_it_sealed():
    encrypted = Encryption(KEYS[1:]).encrypt("token")
    assert Encryption(KEYS).decrypt(encrypted) == "token"
    assert Encryption(KEYS).encrypt("token") != encrypted


@pytest.mark.parametrize("missing", ["tiktok_client_secret", "tiktok_token_keys", None])
def test_a_half_configured_application_is_refused_at_start(settings, missing):
    given = {
        "tiktok_client_key": "k",
        "tiktok_client_secret": "s",
        "tiktok_token_keys": KEYS[0] if missing else "no-key",
    }
    given.pop(missing or "", None)
    with pytest.raises(ValidationError, match="TIKTOK_"):
        EdgeSettings(**(settings.model_dump() | given))


def test_no_token_and_no_code_is_logged(connected, tiktok, capsys):
    connect(connected, tiktok)
    seen = "".join(capsys.readouterr())
    assert "/tiktok/callback" in seen
    assert not [word for word in ("secret", "code-", "state=") if word in seen]
