"""Each code that docs/errors.md lists for the Flask app, produced there: status and whole body.

tests/docs/test_errors.py sees to it that no code of the page is missing here.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest.mock import ANY
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.fernet import Fernet
from werkzeug.test import TestResponse

from local.stripe import FakeStripe, Fault
from tests.database import Database
from tests.webhooks.edge import NOW, Edge, make_settings, running
from webhooks.token_issuer import Caller

JSON = {"Content-Type": "application/json"}


@dataclass
class World:
    """The app with Stripe (`shop`), without it (`bare`), and without a database (`alone`)."""

    shop: Edge
    bare: Edge
    alone: Edge
    stripe: FakeStripe
    db: Database
    folder: Path

    @contextmanager
    def edge(self, **changes: Any) -> Iterator[Edge]:
        """Another app with other settings."""
        settings = make_settings(self.db.url("webhook"), self.folder, **changes)
        with closing(running(settings)) as edges:
            yield next(edges)


CASES: dict[str, tuple[Callable[[World], TestResponse], int, str, dict[str, Any]]] = {}


def answers(status: int, code: str, detail: str, **details: Any) -> Callable[..., None]:
    """The function produces this code, with this sentence."""

    def note(produce: Callable[[World], TestResponse]) -> None:
        CASES[code] = produce, status, detail, details

    return note


def buy(edge: Edge, plan: str = "creator", user: str = "user_alice", **options: Any):
    options = {"json": {"plan": plan}} | options
    return edge.client.post("/subscriptions/create", headers=edge.bearer(user), **options)


@answers(400, "invalid_request", "The body is not a JSON object.")
def _(world: World):
    return buy(world.shop, json=["creator"])


@answers(400, "invalid_signature", "The signature is not valid.")
def _(world: World):
    return world.alone.client.post("/subscriptions/webhook", data=b"{}")


@answers(
    400,
    "invalid_state",
    "This link is not yours, was used already, or is too old. Please connect again.",
)
def _(world: World):
    return come_back_from_tiktok(world.shop, "made-up", "made-up")


def come_back_from_tiktok(edge: Edge, state: str, code: str):
    body = {"state": state, "code": code}
    return edge.client.post("/tiktok/callback", json=body, headers=edge.bearer())


def agreed_at_tiktok(world: World, code: str):
    """At a TikTok that can't be reached."""
    application = {
        "tiktok_client_key": "key",
        "tiktok_client_secret": "secret",
        "tiktok_token_keys": Fernet.generate_key().decode(),
        "tiktok_base_url": "http://127.0.0.1:1",
    }
    with world.edge(**application) as edge:
        page = edge.client.post("/tiktok/connect", headers=edge.bearer()).json["url"]
        return come_back_from_tiktok(edge, parse_qs(urlsplit(page).query)["state"][0], code)


@answers(422, "tiktok_denied", "Not everything was granted. Please connect again.")
def _(world: World):
    return agreed_at_tiktok(world, "")


@answers(502, "tiktok_failed", "TikTok did not confirm the connection. Please connect again.")
def _(world: World):
    return agreed_at_tiktok(world, "code")


@answers(401, "invalid_token", "The bearer token is missing or not valid. Please sign in again.")
def _(world: World):
    return world.alone.client.post("/auth/session")


@answers(
    402,
    "quota_exceeded",
    "Your plan includes 2 seats a month, and 2 are in use.",
    metric="seats",
    limit=2,
    used=2,
    plan="free",
    resets_at=ANY,
)
def _(world: World):
    acting = {"o": {"id": "org_full", "rol": "member"}}
    for user in ("user_one", "user_two"):
        assert world.shop.session(user, **acting).status_code == 200
    return world.shop.session("user_three", **acting)


@answers(
    403,
    "role_not_allowed",
    "This needs the role admin, and yours is editor.",
    needed="admin",
    role="editor",
)
def _(world: World):
    bearer = world.shop.bearer(o={"id": "org_acme", "rol": "member"})
    return world.shop.client.post("/subscriptions/portal", headers=bearer)


@answers(
    403,
    "impersonation_not_allowed",
    "Somebody who signed in as another person may not do this. That person must.",
)
def _(world: World):
    world.shop.allow_impersonation()
    bearer = world.shop.bearer(act={"sub": "user_support"})
    return world.shop.client.post("/subscriptions/portal", headers=bearer)


@answers(403, "account_deleted", "This account has been deleted.")
def _(world: World):
    world.shop.session("user_gone")
    world.shop.tell({"type": "user.deleted", "data": {"id": "user_gone", "deleted": True}})
    return world.shop.session("user_gone")


@answers(404, "not_found", "Not Found.")
def _(world: World):
    return world.alone.client.get("/nowhere")


@answers(404, "no_customer", "This account has no billing yet.")
def _(world: World):
    return world.shop.client.post("/subscriptions/portal", headers=world.shop.bearer("user_new"))


@answers(405, "method_not_allowed", "Method Not Allowed.")
def _(world: World):
    return world.alone.client.get("/auth/session")


@answers(
    409,
    "already_subscribed",
    "There is a subscription already. Change it in the customer portal.",
)
def _(world: World):
    buy(world.shop, user="user_paid")
    world.stripe.pay(world.stripe.of("checkout.session", status="open")[0]["id"])
    return buy(world.shop, "agency", user="user_paid")


@answers(413, "too_large", "Request Entity Too Large.")
def _(world: World):
    edge = world.alone
    return edge.client.post("/auth/session", data=b"{}", headers=edge.bearer())


@answers(415, "unsupported_media_type", 'Send JSON: {"plan": "…"}.')
def _(world: World):
    return buy(world.shop, json=None, data={"plan": "creator"})


@answers(422, "unknown_plan", "There is no such plan to buy, or not in this interval.")
def _(world: World):
    return buy(world.shop, "gold")


@answers(429, "rate_limited", "Too many requests. Please wait a moment.")
def _(world: World):
    with world.edge(sessions_per_minute=1) as edge:
        edge.session()
        return edge.session()


@answers(500, "internal_error", "Something went wrong on our side.")
def _(world: World):
    with world.edge() as edge:
        # No configuration leads here, so the app is broken on purpose.
        edge.app.edge.__dict__["windows"] = None
        return edge.session()


@answers(502, "billing_failed", "The payment service refused this (request req_fake).")
def _(world: World):
    return at_stripe(world, Fault(status=402))


@answers(503, "billing_unavailable", "The payment service can't be reached. Please try again.")
def _(world: World):
    return at_stripe(world, Fault(status=500))


def at_stripe(world: World, fault: Fault):
    world.stripe.faults = lambda _method, _path: fault
    answer = buy(world.shop, user="user_unlucky")
    world.stripe.faults = lambda _method, _path: None
    return answer


@answers(503, "unavailable", "The database can't be reached right now. Please try again.")
def _(world: World):
    return world.alone.session()


@answers(503, "sign_in_unavailable", "Sign-in can't be checked right now. Please try again.")
def _(world: World):
    with without_keys(world) as edge:
        return edge.session()


@answers(503, "not_ready", "Not ready: clerk_keys.")
def _(world: World):
    with without_keys(world) as edge:
        return edge.client.get("/readyz")


def without_keys(world: World):
    return world.edge(clerk_jwt_key=None, clerk_jwks_url="http://127.0.0.1:1/none")


@answers(
    401,
    "account_moved",
    "This account lives in another cell now. Get a new token, which says where.",
)
def _(world: World):
    issuer, alice = world.bare.app.edge.token_issuer, world.bare.session("user_moved").json
    caller = Caller(
        uuid.UUID(alice["account"]["id"]), None, "person", "admin", NOW, audience="cell_b"
    )
    token = issuer._sign(caller, {}, now=NOW)
    return world.bare.client.post(
        "/subscriptions/sync", headers={"Authorization": f"Bearer {token}"}
    )


@answers(
    503,
    "account_moving",
    "This account is moving. Please try again in some seconds.",
    retry_after_seconds=2,
)
def _(world: World):
    account = world.bare.session("user_moving").json["account"]["id"]
    world.db.execute("update private.accounts set cell_state = 'moved' where id = %s", account)
    return world.bare.session("user_moving")


@answers(503, "no_room", "There is no room for new accounts right now.")
def _(world: World):
    with world.edge(cell_secrets_dir=world.folder) as edge:
        return edge.session("user_new")


@answers(503, "billing_not_configured", "Billing is not set up here.")
def _(world: World):
    return buy(world.bare)


@answers(503, "tiktok_not_configured", "TikTok is not set up here.")
def _(world: World):
    return world.shop.client.post("/tiktok/connect", headers=world.shop.bearer())


@answers(503, "webhook_not_configured", "This webhook is not set up here.")
def _(world: World):
    with world.edge(clerk_webhook_secrets="") as edge:
        return edge.tell({"type": "user.deleted", "data": {"id": "user_alice"}})


@pytest.fixture
def world(
    shop: Edge, edge: Edge, fake_stripe: FakeStripe, db: Database, tmp_path: Path
) -> Iterator[World]:
    folder = tmp_path / "alone"
    folder.mkdir()
    settings = make_settings("postgresql://nobody@127.0.0.1:1/none", folder)
    with closing(running(settings)) as alone:
        yield World(shop, edge, next(alone), fake_stripe, db, tmp_path)


def test_each_code_is_answered_with_status_and_sentence(world: World):
    got, expected = {}, {}
    for code, (produce, status, detail, details) in CASES.items():
        answer = produce(world)
        assert answer.content_type == "application/problem+json"
        got[code] = answer.status_code, answer.json
        expected[code] = (
            status,
            {
                "type": f"urn:creatorscook:problem:{code}",
                "title": HTTPStatus(status).phrase,
                "status": status,
                "code": code,
                "detail": detail,
                "instance": answer.headers["X-Request-Id"],
            }
            | ({"details": details} if details else {}),
        )
    assert got == expected
