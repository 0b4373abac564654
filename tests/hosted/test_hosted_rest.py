"""PostgREST as a hosted project sets it: its sign-in service and legacy keys sign tokens, too."""

from __future__ import annotations

import base64
import json
import secrets
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from tests.database import Database, make_user, user_claims
from tests.patience import PATIENCE_SECONDS
from tests.postgrest import as_here, serve

PRODUCT = {"name": "Lamp", "source_url": "https://shop.example/lamp"}
UNKNOWN = (401, "invalid_token")
STRANGER = (401, "not_signed_in")
TEN_YEARS = 315_360_000


@dataclass(frozen=True)
class Project:
    """A project's API, and the keys that it accepts."""

    url: str
    ours: ec.EllipticCurvePrivateKey
    auth: ec.EllipticCurvePrivateKey
    legacy: bytes

    def call(
        self, token: str | None, method: str, path: str, json: object = None, **headers: str
    ) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.request(
            method, self.url + path, json=json, headers=bearer | headers, timeout=PATIENCE_SECONDS
        )

    def outcome(self, token: str | None, method: str, path: str, json: object = None) -> object:
        """The status alone of a success, with the code of a refusal."""
        answer = self.call(token, method, path, json)
        if not answer.is_error:
            return answer.status_code
        status, body = as_here(answer.status_code, answer.json())
        return status, body["code"]

    def of_auth(self, **claims: object) -> str:
        """What the project's own sign-in service gives whoever signs up there."""
        now = int(time.time())
        usual = {
            "iss": "https://project.example/auth/v1",
            "sub": str(uuid.uuid4()),
            "aud": "authenticated",
            "role": "authenticated",
            "iat": now,
            "exp": now + 600,
            "email": "mallory@example.com",
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "aal": "aal1",
            "session_id": str(uuid.uuid4()),
            "is_anonymous": False,
        }
        return jwt.encode(usual | claims, self.auth, "ES256", {"kid": "auth"})

    def of_us(self, user_id: uuid.UUID) -> str:
        return jwt.encode(user_claims(user_id), self.ours, "ES256", {"kid": "ours"})

    def legacy_key(self, role: str) -> str:
        now = int(time.time())
        claims = {"iss": "supabase", "ref": "abc", "role": role, "iat": now, "exp": now + TEN_YEARS}
        return jwt.encode(claims, self.legacy, "HS256")


def public_jwk(key: ec.EllipticCurvePrivateKey, kid: str) -> dict[str, str]:
    return json.loads(ECAlgorithm.to_jwk(key.public_key())) | {"kid": kid, "alg": "ES256"}


@pytest.fixture
def project(db: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("project")
    ours, auth = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    legacy = secrets.token_bytes(40)
    text = base64.urlsafe_b64encode(legacy).rstrip(b"=").decode()
    keys = [
        public_jwk(ours, "ours"),
        public_jwk(auth, "auth"),
        {"kty": "oct", "k": text, "alg": "HS256"},
    ]
    file = folder / "keys.json"
    file.write_text(json.dumps({"keys": keys}))
    for running in serve(
        db,
        folder,
        jwt_secret=f"@{file}",
        db_schemas="public, graphql_public",
        db_extra_search_path="public, extensions",
        openapi_mode="follow-privileges",
    ):
        yield Project(running.url, ours, auth, legacy)


def test_whom_we_know_comes_in(db: Database, project: Project):
    token = project.of_us(make_user(db))
    assert project.outcome(token, "POST", "/products", PRODUCT) == 201
    assert project.outcome(token, "GET", "/product_overview") == 200


@pytest.mark.parametrize("claims", [{}, {"is_anonymous": True, "email": ""}], ids=["mail", "none"])
def test_who_signed_up_at_the_project_itself_stays_out(
    db: Database, project: Project, claims: dict[str, object]
):
    token = project.of_auth(**claims)
    for method, path in (("GET", "/plans"), ("GET", "/products"), ("POST", "/products")):
        got = project.outcome(token, method, path, PRODUCT if method == "POST" else None)
        assert (method, path, got) == (method, path, UNKNOWN)
    assert project.outcome(token, "POST", "/rpc/account", {}) == UNKNOWN
    assert db.value("select count(*) from public.accounts") == 0


def test_the_projects_hour_long_token_of_an_account_of_ours_is_too_long(
    db: Database, project: Project
):
    now = int(time.time())
    token = project.of_auth(sub=str(make_user(db)), iat=now, exp=now + 3600)
    assert project.outcome(token, "GET", "/products") == UNKNOWN


def test_the_legacy_anon_key_is_nobody(project: Project):
    for token in (project.legacy_key("anon"), None):
        assert project.outcome(token, "GET", "/plans") == 200
        assert project.outcome(token, "GET", "/products") == STRANGER
        assert project.outcome(token, "GET", "/") == STRANGER


def test_the_legacy_service_key_is_the_service(db: Database, project: Project):
    make_user(db)
    answer = project.call(project.legacy_key("service_role"), "GET", "/accounts?select=locale")
    assert (answer.status_code, len(answer.json())) == (200, 1)


def test_graphql_is_off_and_knows_no_stranger(db: Database, project: Project):
    body, profile = {"query": "{ __typename }"}, {"Content-Profile": "graphql_public"}
    known = project.call(project.of_us(make_user(db)), "POST", "/rpc/graphql", body, **profile)
    assert "not enabled" in known.text
    stranger = project.call(None, "POST", "/rpc/graphql", body, **profile)
    assert (stranger.status_code, stranger.json()["code"]) == STRANGER
