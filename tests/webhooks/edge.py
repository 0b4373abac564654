"""The Flask app as tests run it: with a Clerk, a Stripe and a clock that they control."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.config import EdgeSettings
from core.database import Row
from local import stripe
from tests.fakes import clerk
from webhooks.app import create_app
from webhooks.context import EdgeApp

NOW = 1_795_000_000


def signing_jwk(kid: str = "edge-1") -> dict[str, Any]:
    key = ec.generate_private_key(ec.SECP256R1())
    return jwt.algorithms.ECAlgorithm.to_jwk(key, as_dict=True) | {"kid": kid}


@dataclass
class Edge:
    """The app and what it was made with; `now` may be moved."""

    app: EdgeApp
    client: FlaskClient
    clerk: clerk.Clerk
    keys_file: Path
    now: int = NOW

    def bearer(self, user: str = "user_alice", **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.clerk.token(self.now, user, **claims)}"}

    def session(self, user: str = "user_alice", **claims: Any) -> TestResponse:
        return self.client.post("/auth/session", headers=self.bearer(user, **claims))

    def allow_impersonation(self) -> None:
        """Accepts sessions of somebody who signed in as another person."""
        edge = self.app.edge
        policy = replace(edge.clerk_policy, allow_impersonation=True)
        self.app.edge = replace(edge, clerk_policy=policy)

    def watch_database(self) -> list[str]:
        """The statements that the database is asked from now on."""
        database, asked = self.app.edge.database, list[str]()
        call = database.call

        def watched(statement: str, *parameters: Any) -> Row:
            asked.append(statement)
            return call(statement, *parameters)

        database.call = watched  # type: ignore[method-assign]
        return asked

    def deliver(self, event: dict[str, Any], **options: Any) -> TestResponse:
        """A Stripe event as Stripe sends it."""
        body, signature = stripe.signed(event, now=self.now, **options)
        return self.client.post(
            "/subscriptions/webhook", data=body, headers={"Stripe-Signature": signature}
        )

    def tell(self, document: Any, **options: Any) -> TestResponse:
        """A Clerk message as Svix sends it."""
        body, headers = clerk.message(document, now=self.now, **options)
        return self.client.post("/clerk/webhook", data=body, headers=headers)


def make_settings(url: str, folder: Path, **changes: Any) -> EdgeSettings:
    keys_file = folder / "edge.json"
    keys_file.write_text(json.dumps({"keys": [signing_jwk()]}))
    return EdgeSettings(
        **{
            "webhook_db_url": url,
            "edge_issuer": "https://edge.example.test",
            "api_url": "https://api.example.test",
            "edge_signing_keys_file": keys_file,
            "clerk_issuer": clerk.ISSUER,
            "clerk_authorized_parties": clerk.ORIGIN,
            "clerk_jwt_key": clerk.Clerk().pem,
            "clerk_jwt_key_id": clerk.Clerk().kid,
            "clerk_webhook_secrets": clerk.WEBHOOK_SECRET,
            "stripe_webhook_secrets": stripe.SECRET,
            **changes,
        }
    )


def running(settings: EdgeSettings) -> Iterator[Edge]:
    made = clerk.Clerk()
    edge: Edge
    app = create_app(settings, clock=lambda: float(edge.now))
    edge = Edge(app, app.test_client(), made, settings.edge_signing_keys_file)
    yield edge
    app.edge.cells.close()
