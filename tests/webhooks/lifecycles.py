"""What happens to subscriptions at Stripe, step by step, and the truth to end with."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from core.billing_sync import parse_event, record, sync_event
from core.stripe_gateway import Gateway
from local.stripe import FakeStripe
from tests.database import Database, make_user


def trial_to_canceled(stripe: FakeStripe, customer: str) -> Iterator[None]:
    name = stripe.subscribe(customer, status="trialing", trial_end=stripe.now() + 60)["id"]
    yield
    stripe.change(name, "trial_will_end")
    yield
    stripe.change(name, status="active")
    stripe.invoice(customer, "paid")
    yield
    stripe.upgrade(name, "agency_monthly")
    yield
    stripe.fail_renewal(name)
    yield
    stripe.change(name, cancel_at_period_end=True, cancel_at=stripe.now() + 60)
    yield
    stripe.cancel(name)
    yield


def incomplete_to_active(stripe: FakeStripe, customer: str) -> Iterator[None]:
    """Both in the same second: the events' times say nothing about their order."""
    name = stripe.subscribe(customer, status="incomplete")["id"]
    stripe.invoice(customer, "payment_action_required")
    stripe.change(name, status="active")
    stripe.invoice(customer, "paid")
    yield


def paused_and_resumed(stripe: FakeStripe, customer: str) -> Iterator[None]:
    name = stripe.subscribe(customer)["id"]
    yield
    stripe.change(name, pause_collection={"behavior": "void", "resumes_at": None})
    yield
    stripe.change(name, pause_collection=None)
    yield
    stripe.change(name, "paused", status="paused")
    yield
    stripe.change(name, "resumed", status="active")
    yield


def two_subscriptions(stripe: FakeStripe, customer: str) -> Iterator[None]:
    first = stripe.subscribe(customer)["id"]
    yield
    second = stripe.subscribe(customer, "agency_monthly")["id"]
    yield
    stripe.fail_renewal(first)
    yield
    stripe.cancel(second)
    yield


def deleted_customer(stripe: FakeStripe, customer: str) -> Iterator[None]:
    stripe.subscribe(customer)
    yield
    stripe.delete(customer)
    yield


LIFECYCLES = {
    made.__name__: made
    for made in (
        trial_to_canceled,
        incomplete_to_active,
        paused_and_resumed,
        two_subscriptions,
        deleted_customer,
    )
}


@dataclass
class Trial:
    """One customer's story, told by events that come late, twice and in any order."""

    db: Database
    webhook: Any
    worker: Any
    stripe: FakeStripe
    gateway: Gateway

    def make_customer(self) -> tuple[uuid.UUID, str]:
        """An account and the customer it pays as, as checkout leaves them."""
        user_id = make_user(self.db)
        customer = self.stripe.add_customer(user_id=str(user_id))["id"]
        self.webhook.execute("select private.bind_customer(%s, %s)", (user_id, customer))
        return user_id, customer

    def play(
        self, lifecycle: Callable[[FakeStripe, str], Iterator[None]], random: random.Random
    ) -> tuple[uuid.UUID, str]:
        """Lets it happen, with deliveries and jobs at random moments in between."""
        user_id, customer = self.make_customer()
        undelivered: list[dict[str, Any]] = []
        jobs: list[str] = []
        seen = len(self.stripe.events)
        for _ in lifecycle(self.stripe, customer):
            for event in self.stripe.events[seen:]:
                undelivered += [event] * random.choice([1, 1, 2, 3])
            seen = len(self.stripe.events)
            random.shuffle(undelivered)
            self._deliver(undelivered, jobs, random.randint(0, len(undelivered)))
            self._work(jobs, random.randint(0, len(jobs)), random)
        self._deliver(undelivered, jobs, len(undelivered))
        self._work(jobs, len(jobs), random)
        return user_id, customer

    def _deliver(self, undelivered: list[dict[str, Any]], jobs: list[str], count: int) -> None:
        for _ in range(count):
            event = parse_event(undelivered.pop(), now=self.stripe.now())
            if record(self.webhook, event, body_sha256="0" * 64) == "received":
                jobs.append(event.id)

    def _work(self, jobs: list[str], count: int, random: random.Random) -> None:
        for _ in range(count):
            event_id = jobs.pop(random.randrange(len(jobs)))
            for _ in range(random.choice([1, 1, 2])):  # a job may run twice: at least once
                sync_event(self.worker, self.gateway, event_id)


def rows(db: Database, user_id: uuid.UUID) -> dict[str, tuple[Any, ...]]:
    """Our rows, by Stripe's id."""
    found = db.rows("select * from public.subscriptions where user_id = %s", user_id)
    return {
        row["stripe_subscription_id"]: (
            row["status"],
            row["plan"],
            row["cancel_at_period_end"],
            row["pause_collection"],
            int(row["current_period_start"].timestamp()),
        )
        for row in found
    }


def truth(stripe: FakeStripe, customer: str) -> dict[str, tuple[Any, ...]]:
    """What Stripe has, in the same form."""
    return {
        found["id"]: (
            found["status"],
            found["items"]["data"][0]["price"]["lookup_key"].removesuffix("_monthly"),
            found["cancel_at_period_end"] or found.get("cancel_at") is not None,
            (found.get("pause_collection") or {}).get("behavior"),
            found["items"]["data"][0]["current_period_start"],
        )
        for found in stripe.of("subscription", customer=customer)
    }


def unfinished(db: Database) -> int:
    """Events that nobody has looked at Stripe for yet."""
    count: int = db.value("select count(*) from private.stripe_events where status = 'received'")
    return count
