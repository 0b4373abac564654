"""The exchange: a Clerk session in, our own token out."""

from __future__ import annotations

import jwt

from tests.webhooks.edge import NOW


def test_a_session_becomes_an_access_token_of_ours(edge):
    answer = edge.session()
    body = answer.json
    keys = edge.client.get("/.well-known/jwks.json").json["keys"]
    claims = jwt.decode(
        body["access_token"],
        jwt.PyJWK(keys[0]).key,
        ["ES256"],
        audience="authenticated",
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    assert answer.status_code == 200
    assert body == {
        "access_token": body["access_token"],
        "issued_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_type": "Bearer",
        "expires_in": 300,
        "expires_at": NOW + 300,
        "user": {"id": claims["sub"]},
    }
    assert claims == {
        "iss": "https://edge.example.test",
        "aud": "authenticated",
        "role": "authenticated",
        "sub": body["user"]["id"],
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 300,
        "jti": claims["jti"],
        "session_id": claims["session_id"],
        "aal": "aal1",
        "is_anonymous": False,
        "app_metadata": {"provider": "clerk"},
    }
