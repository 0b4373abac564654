"""The exchange: a Clerk session in, our own token out."""

from __future__ import annotations

import os

import jwt

from tests.webhooks.edge import NOW, make_settings, running
from tests.webhooks.statements import Moments, watched

WITHOUT_CLOCK = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}


def claims_of(edge, token):
    """What a token says, its signature checked with the published key."""
    [key] = edge.client.get("/.well-known/jwks.json").json["keys"]
    return jwt.decode(
        token, jwt.PyJWK(key).key, ["ES256"], audience="authenticated", options=WITHOUT_CLOCK
    )


def test_a_session_becomes_an_access_token_of_ours(edge):
    answer = edge.session()
    token = answer.json["access_token"]
    assert answer.status_code == 200
    assert answer.json == {
        "access_token": token,
        "issued_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_type": "Bearer",
        "expires_in": 300,
        "expires_at": NOW + 300,
        "user": {"id": claims_of(edge, token)["sub"]},
        "account": {"id": claims_of(edge, token)["sub"], "kind": "person", "role": "admin"},
        "api_url": "https://api.example.test",
    }


def test_the_access_token_says_who_and_until_when_and_nothing_personal(edge):
    body = edge.session().json
    claims = claims_of(edge, body["access_token"])
    assert claims == {
        "iss": "https://edge.example.test",
        "aud": "authenticated",
        "role": "authenticated",
        "sub": body["user"]["id"],
        "account_role": "admin",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 300,
        "jti": claims["jti"],
        "session_id": claims["session_id"],
        "aal": "aal1",
        "is_anonymous": False,
        "app_metadata": {"provider": "clerk"},
    }


def test_verifiers_find_the_keys_through_the_issuer(edge):
    """As a hosted project does, where this issuer is added as third-party auth."""
    found = edge.client.get("/.well-known/openid-configuration")
    assert found.json == {
        "issuer": "https://edge.example.test",
        "jwks_uri": "https://edge.example.test/.well-known/jwks.json",
        "id_token_signing_alg_values_supported": ["ES256"],
    }
    assert found.headers["Cache-Control"] == "public, max-age=300"
    assert claims_of(edge, edge.session().json["access_token"])["iss"] == found.json["issuer"]


def test_an_exchange_is_one_statement(db, tmp_path):
    moments = Moments()
    moments.belong_to(os.getpid())
    with watched(db, moments) as folder:
        url = db.url("webhook").replace(f"host={db.host}", f"host={folder}")
        for watching in running(make_settings(url, tmp_path)):
            watching.session()
            before = len(moments.seen)
            assert watching.session("user_bob").status_code == 200
            # The pool may open a connection at this moment, which asks for its backend.
            asked = [
                name
                for name in moments.seen[before:]
                if name.startswith("before") and "pg_backend_pid" not in name
            ]
            assert asked == ["before private.resolve_identity: 2"]


def test_a_connection_that_the_server_has_closed_is_not_used_again(edge, db):
    assert edge.session().status_code == 200
    with db.as_superuser() as operator:
        operator.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where usename = 'webhook' and datname = current_database()"
        )
    assert edge.session().status_code == 200
