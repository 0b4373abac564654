"""Buying a plan: checkout, customer portal, and the success page that beats the event."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from flask import Blueprint, Response, g, jsonify, request
from psycopg import Connection

from core.billing_sync import sync_customer
from core.database import Row
from core.stripe_gateway import BillingError, Gateway
from webhooks import authentication, bodies
from webhooks.authentication import signed_in
from webhooks.edge import current_edge
from webhooks.problems import Problem, unavailable
from webhooks.rate_limits import limit
from webhooks.sale import Sale, account_of
from webhooks.strict_json import NotStrictJson, parse_object

log = structlog.get_logger()
blueprint = Blueprint("checkout", __name__)

_MAX_BODY_BYTES = 4096


@blueprint.before_request
def _read_body() -> None:
    """Before the caller is looked up: nobody sends much about a plan."""
    g.body = bodies.raw(_MAX_BODY_BYTES)


@blueprint.post("/subscriptions/create")
@signed_in
def create() -> tuple[Response, int]:
    """`{"plan": "creator"}` → 201 `{"url"}` of a checkout page; 409 with a live subscription."""
    user_id, plan = _limited_user(), _plan()
    settings, now = current_edge().settings, current_edge().now()
    with _billing() as (db, gateway):
        row = db.execute("select private.offered_prices(%s) as keys", (plan,)).fetchone()
        prices = row["keys"] if row else None
        if not isinstance(prices, list) or not prices:
            raise _unknown_plan()
        sale = Sale(db, gateway, user_id, plan, settings.app_url, settings.app_env, now)
        session = sale.checkout(prices)
    return jsonify(url=session.url), 201


@blueprint.post("/subscriptions/portal")
@signed_in
def portal() -> tuple[Response, int]:
    """201 `{"url"}` of Stripe's customer portal; 404 for an account that never bought anything."""
    user_id, app_url = _limited_user(), current_edge().settings.app_url
    with _billing() as (db, gateway):
        customer_id = _customer_of(db, user_id)
        url = gateway.create_portal(customer_id, return_url=f"{app_url}/billing")
    return jsonify(url=url), 201


@blueprint.post("/subscriptions/sync")
@signed_in
def sync() -> Response:
    """Looks at Stripe now and answers with the plan that follows from it."""
    user_id = _limited_user()
    with _billing() as (db, gateway):
        sync_customer(db, gateway, _customer_of(db, user_id))
        plan = account_of(db, user_id)["plan"]
    return jsonify(plan=plan)


def _limited_user() -> uuid.UUID:
    user_id = authentication.user_id()
    limit("billing", str(user_id), per_minute=current_edge().settings.checkouts_per_minute)
    return user_id


def _plan() -> str:
    if not request.is_json:
        raise Problem(415, "unsupported_media_type", 'Send JSON: {"plan": "…"}.')
    try:
        plan = parse_object(g.body).get("plan")
    except NotStrictJson as error:
        raise Problem(400, "invalid_request", "The body is not a JSON object.") from error
    if not isinstance(plan, str) or not plan.isascii() or not plan.isalpha() or len(plan) > 20:
        raise _unknown_plan()
    return plan


def _unknown_plan() -> Problem:
    return Problem(422, "unknown_plan", "There is no such plan to buy.")


def _customer_of(db: Connection[Row], user_id: uuid.UUID) -> str:
    customer_id = account_of(db, user_id)["customer_id"]
    if customer_id is None:
        raise Problem(404, "no_customer", "This account has no billing yet.")
    return str(customer_id)


@contextmanager
def _billing() -> Iterator[tuple[Connection[Row], Gateway]]:
    """A database session and Stripe; its failures become problems for our caller."""
    edge = current_edge()
    if edge.gateway is None:
        raise unavailable("Billing is not set up here.", code="billing_not_configured")
    try:
        with edge.database.session() as db:
            yield db, edge.gateway
    except BillingError as error:
        log.warning("stripe_failed", reason=error.reason, stripe_request=error.request_id)
        raise _problem(error) from error


def _problem(error: BillingError) -> Problem:
    if error.reason == "unavailable":
        return unavailable(
            "The payment service can't be reached. Please try again.",
            code="billing_unavailable",
            after_seconds=error.after_seconds,
        )
    if error.reason == "busy":
        return unavailable(
            "Another request about this account's billing goes on. Please try again.",
            code="billing_unavailable",
            after_seconds=error.after_seconds,
        )
    status = 500 if error.reason == "misconfigured" else 502
    asked = f" (request {error.request_id})" if error.request_id else ""
    return Problem(status, "billing_failed", f"The payment service refused this{asked}.")
