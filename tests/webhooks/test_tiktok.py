"""Connecting a TikTok account: whose consent it is, what is kept, how it ends."""

from __future__ import annotations

import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.fernet import Fernet
from pydantic import ValidationError

from core.config import EdgeSettings
from core.sealing import Sealer
from tests.fakes import tiktok as fake_tiktok
from tests.webhooks.edge import Edge, running

KEYS = (Fernet.generate_key().decode(), Fernet.generate_key().decode())
PUBLIC = "https://edge.example.test"


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
        "edge_public_url": PUBLIC,
    }
    yield from running(EdgeSettings(**(settings.model_dump() | changes)))


def begin(edge: Edge, user="user_alice"):
    return edge.client.post("/tiktok/connect", headers=edge.bearer(user)).json["url"]


def come_back(edge: Edge, url, code):
    state = parse_qs(urlsplit(url).query)["state"][0]
    return edge.client.get("/tiktok/callback", query_string={"state": state, "code": code})


def connect(edge, tiktok, user="user_alice"):
    url = begin(edge, user)
    return come_back(edge, url, tiktok.agree(url))


def outcome(answer):
    assert answer.status_code == 303
    return answer.headers["Location"].rpartition("/")[2]


def test_a_creator_connects_and_the_tokens_are_sealed(connected, tiktok, db):
    assert outcome(connect(connected, tiktok)) == "connections?tiktok=connected"
    row = db.row("select * from private.tiktok_connections")
    assert row["user_id"] == uuid.UUID(connected.session().json["user"]["id"])
    assert "secret" not in str(row)
    sealer = Sealer(KEYS[:1])
    assert sealer.open(row["access_token"]) in tiktok.access
    assert sealer.open(row["refresh_token"]) in tiktok.refresh


def test_the_page_at_tiktok_is_asked_for_what_it_needs(connected):
    answer = connected.client.post("/tiktok/connect", headers=connected.bearer())
    address = urlsplit(answer.json["url"])
    asked = parse_qs(address.query)
    assert answer.status_code == 201
    assert f"{address.scheme}://{address.netloc}{address.path}" == (
        "https://www.tiktok.com/v2/auth/authorize/"
    )
    assert asked["redirect_uri"] == [f"{PUBLIC}/tiktok/callback"]
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
    assert outcome(come_back(connected, url, "forged")) == "connections?tiktok=failed"
    assert come_back(connected, url, tiktok.agree(url)).json["code"] == "invalid_state"


def test_a_state_lives_for_ten_minutes(connected, tiktok, db):
    url = begin(connected)
    db.execute("update private.tiktok_states set created_at = now() - interval '11 minutes'")
    answer = come_back(connected, url, tiktok.agree(url))
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_state")
    assert db.value("select count(*) from private.tiktok_connections") == 0


@pytest.mark.parametrize("query", ["", "?state=", "?state=made-up&code=x", "?code=x"])
def test_an_invented_state_is_refused(connected, tiktok, query):
    answer = connected.client.get(f"/tiktok/callback{query}")
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_state")
    assert tiktok.calls == []


def test_the_code_of_one_consent_does_not_serve_another(connected, tiktok, db):
    """PKCE: a code that was caught on its way is worth nothing with another state."""
    alices, bobs = begin(connected), begin(connected, "user_bob")
    answer = come_back(connected, bobs, tiktok.agree(alices))
    assert outcome(answer) == "connections?tiktok=failed"
    assert db.value("select count(*) from private.tiktok_connections") == 0


def test_a_creator_who_says_no_is_connected_to_nothing(connected, tiktok, db):
    url = begin(connected)
    state = parse_qs(urlsplit(url).query)["state"][0]
    answer = connected.client.get(f"/tiktok/callback?state={state}&error=access_denied")
    assert outcome(answer) == "connections?tiktok=denied"
    assert tiktok.calls == []


def test_a_creator_who_keeps_the_videos_back_is_connected_to_nothing(connected, tiktok, db):
    tiktok.scopes = "user.info.basic"
    assert outcome(connect(connected, tiktok)) == "connections?tiktok=denied"
    assert (len(tiktok.revoked), tiktok.access) == (1, set())
    assert db.value("select count(*) from private.tiktok_connections") == 0


def test_connecting_again_keeps_one_connection(connected, tiktok, db):
    connect(connected, tiktok)
    connect(connected, tiktok)
    sealer = Sealer(KEYS[:1])
    assert sealer.open(
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
    kept = db.row("select * from private.tiktok_states")
    connected.tell({"type": "user.deleted", "data": {"id": "user_alice"}})
    db.execute(
        "insert into private.tiktok_states values (%s, %s, %s, %s)", *kept.values()
    )  # the visit came first
    assert outcome(come_back(connected, url, tiktok.agree(url))) == "connections?tiktok=failed"
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
    sealed = db.row("select access_token, refresh_token from private.tiktok_connections")
    assert not [token for token in sealed.values() if token in str(exported)]
    with db.as_user(uuid.uuid4()) as other:
        assert other.value("select tiktok from public.account()") is None


def test_strangers_connect_nothing(connected):
    for verb in ("post", "delete"):
        assert getattr(connected.client, verb)("/tiktok/connect").status_code == 401


def test_without_an_application_at_tiktok_it_says_so(edge):
    answer = edge.client.post("/tiktok/connect", headers=edge.bearer())
    assert (answer.status_code, answer.json["code"]) == (503, "tiktok_not_configured")


def test_tiktok_being_down_is_a_failure_that_can_be_repeated(connected, tiktok):
    tiktok.oauth_error = (503, "down")
    assert outcome(connect(connected, tiktok)) == "connections?tiktok=failed"
    tiktok.oauth_error = None
    assert outcome(connect(connected, tiktok)) == "connections?tiktok=connected"


def test_an_older_key_still_opens_what_it_sealed():
    sealed = Sealer(KEYS[1:]).seal("token")
    assert Sealer(KEYS).open(sealed) == "token"
    assert Sealer(KEYS).seal("token") != sealed


@pytest.mark.parametrize(
    "missing", ["tiktok_client_secret", "tiktok_token_keys", "edge_public_url", None]
)
def test_a_half_configured_application_is_refused_at_start(settings, missing):
    given = {
        "tiktok_client_key": "k",
        "tiktok_client_secret": "s",
        "tiktok_token_keys": KEYS[0] if missing else "no-key",
        "edge_public_url": PUBLIC,
    }
    given.pop(missing or "", None)
    with pytest.raises(ValidationError, match="TIKTOK_"):
        EdgeSettings(**(settings.model_dump() | given))


def test_no_token_and_no_code_is_logged(connected, tiktok, capsys):
    connect(connected, tiktok)
    seen = "".join(capsys.readouterr())
    assert "/tiktok/callback" in seen
    assert not [word for word in ("secret", "code-", "state=") if word in seen]
