"""kill -9 before and after every statement of webhooks and jobs: redelivery ends right, once."""

from __future__ import annotations

import asyncio
import json
import random
import re
import subprocess
import sys
import uuid
from dataclasses import dataclass

import pytest

from local import stripe
from local.stripe import FakeStripe, Fault
from tests.amount import rounds
from tests.database import Database, make_product
from tests.erasure import rows_about
from tests.fakes import clerk
from tests.patience import PATIENCE_SECONDS
from tests.webhooks import dying
from tests.webhooks.edge import NOW
from tests.webhooks.lifecycles import rows, truth
from tests.webhooks.statements import NEVER, Killed, Moments, watched

pytestmark = pytest.mark.chaos

ALL = 1000  # more than there are moments
# How often these come depends on the clock.
_BY_THE_CLOCK = re.compile(r"private\.(claim|extend|fire_schedules)|pg_notify|listen|begin|commit")


@dataclass
class World:
    """The database, Stripe, and the settings of an edge between them."""

    db: Database
    stripe: FakeStripe
    settings: dict

    def answer(self, given, *, folder=None):
        """What a webhook process is told to do; through `folder`, it is watched."""
        url = via(self.db.url("webhook"), self.db, folder)
        return given | {"settings": self.settings | {"webhook_db_url": url}, "now": NOW}

    def work(self, *, folder=None):
        """The same for a worker process."""
        return {
            "url": via(self.db.url("worker"), self.db, folder),
            "owner_url": self.db.url("postgres"),
            "stripe": self.stripe.base,
        }

    def run_watched(self, kind, given, die_at):
        """Does it in a process that dies at a moment; returns the moments it came to."""
        moments = Moments(die_at)
        self.stripe.faults = lambda method, path: stripe_moment(moments, method, path)
        with watched(self.db, moments) as folder:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.webhooks.dying", kind],
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            moments.belong_to(process.pid)
            _, errors = process.communicate(
                json.dumps(given(folder=folder)), timeout=PATIENCE_SECONDS
            )
        self.stripe.faults = lambda *_: None
        was_reached = die_at in moments.seen
        assert process.returncode == (-9 if was_reached else 0), errors
        return moments.seen

    def redo(self, kind, given):
        """What comes after a kill: the sender tries again, another worker finds the job."""
        if kind == "webhook":
            dying.answer_webhook(given())
        else:
            self.db.execute("update pgmq.q_jobs set vt = now() - interval '1 second'")
            work = given()
            asyncio.run(dying.do_jobs(work["url"], work["owner_url"], work["stripe"]))


def via(url, db, folder):
    return url.replace(f"host={db.host}", f"host={folder}") if folder else url


def stripe_moment(moments, method, path):
    """Dies before Stripe does what was asked, or after it did, without an answer either way."""
    name = f"{method} {re.sub(r'_[0-9]+', '_…', path)}"
    try:
        moments.reach(f"before {name}")
    except Killed:
        return Fault(drop=True)
    try:
        moments.reach(f"after {name}")
    except Killed:
        return Fault(drop=True, after=True)
    return None


@pytest.fixture
def world(db, settings, fake_stripe):
    plain = settings.model_dump(mode="json") | {
        "clerk_webhook_secrets": [clerk.WEBHOOK_SECRET],
        "stripe_webhook_secrets": [stripe.SECRET],
    }
    db.execute("delete from private.schedules")
    return World(db, fake_stripe, plain)


class StripeWebhook:
    """Stripe delivers an event: it is recorded once, with one job."""

    kind = "webhook"

    def __init__(self, world):
        self.world = world
        _, _, self.event = make_story(world)

    def given(self, *, folder=None):
        body, signature = stripe.signed(self.event, now=NOW)
        headers = {"Stripe-Signature": signature}
        given = {"path": "/subscriptions/webhook", "body": body.decode(), "headers": headers}
        return self.world.answer(given, folder=folder)

    def check(self):
        found = "select count(*) from private.live_jobs where key = %s"
        assert self.world.db.value(found, self.event["id"]) == 1


class ClerkWebhook:
    """Clerk says that a person is gone: a tombstone, no rows, one job that ends it at Stripe."""

    kind = "webhook"

    def __init__(self, world):
        self.world = world
        self.user_id, self.customer, _ = make_story(world, issuer=clerk.ISSUER)
        bind(world, self.user_id, self.customer)

    def given(self, *, folder=None):
        document = {"type": "user.deleted", "data": {"id": subject(self.user_id), "deleted": True}}
        body, headers = clerk.message(document, now=NOW, message_id=f"msg_{self.user_id.hex}")
        given = {"path": "/clerk/webhook", "body": body.decode(), "headers": headers}
        return self.world.answer(given, folder=folder)

    def check(self):
        db = self.world.db
        assert db.value("select private.is_erased(%s)", self.user_id) is True
        jobs = "select count(*) from private.live_jobs where arguments ->> 'customer_id' = %s"
        assert db.value(jobs, self.customer) == 1


class SyncJob:
    """The job of an event that names an object only: the right row, nothing left."""

    kind = "job"

    def __init__(self, world):
        self.world = world
        self.user_id, self.customer, self.event = make_story(world)
        with world.db.as_webhook() as webhook:
            webhook.execute(
                "select private.record_stripe_event(%s, %s, %s, false, null, null, %s, '0', true)",
                self.event["id"],
                self.event["type"],
                NOW,
                self.event["data"]["object"]["id"],
            )

    def given(self, *, folder=None):
        return self.world.work(folder=folder)

    def check(self):
        db = self.world.db
        assert rows(db, self.user_id) == truth(self.world.stripe, self.customer)
        event = "select status from private.stripe_events where id = %s"
        assert db.value(event, self.event["id"]) == "done"
        assert_no_job_left(db)


class EraseJob:
    """The jobs of an erased account: all is ended at Stripe, each once, and no row is left."""

    kind = "job"

    def __init__(self, world):
        self.world = world
        self.user_id, self.customer, _ = make_story(world)
        bind(world, self.user_id, self.customer)
        make_product(world.db, self.user_id)
        with world.db.as_user(self.user_id) as owner:
            owner.execute("select public.delete_account()")

    def given(self, *, folder=None):
        return self.world.work(folder=folder)

    def check(self):
        shop = self.world.stripe
        [ended] = shop.of("subscription", customer=self.customer)
        assert (ended["status"], shop.objects[self.customer]["deleted"]) == ("canceled", True)
        told = [e for e in shop.events if e["data"]["object"]["id"] in (ended["id"], self.customer)]
        kinds = sorted(event["type"] for event in told if event["type"].endswith("deleted"))
        assert kinds == ["customer.deleted", "customer.subscription.deleted"]
        assert rows_about(self.world.db, self.user_id) == {}
        assert_no_job_left(self.world.db)


# How many moments each is killed at in `make test`; with PROVE=1 it is all of them.
STORIES = {StripeWebhook: 1, ClerkWebhook: 1, SyncJob: 3, EraseJob: 2}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_killed_at_any_statement_the_work_ends_right_and_once(world, story):
    undisturbed = story(world)
    moments = world.run_watched(story.kind, undisturbed.given, NEVER)
    undisturbed.check()
    assert {name.split()[0] for name in moments} == {"before", "after"}
    survived = []
    for die_at in chosen(moments, rounds(STORIES[story], full=ALL)):
        tried = story(world)
        if die_at not in world.run_watched(story.kind, tried.given, die_at):
            survived.append(die_at)
        world.redo(story.kind, tried.given)
        tried.check()
        print(f"{story.__name__} killed {die_at}: right")  # noqa: T201
    assert [name for name in survived if not _BY_THE_CLOCK.search(name)] == []


def chosen(moments, wanted):
    return random.Random(len(moments)).sample(moments, min(len(moments), wanted))


def make_story(world, issuer="i"):
    """A customer whose trial ends soon, and the event that says so."""
    user_id = uuid.uuid4()
    world.db.execute(
        "select private.resolve_identity(%s, %s, %s)", issuer, subject(user_id), user_id
    )
    customer = world.stripe.add_customer(user_id=str(user_id))["id"]
    subscription = world.stripe.subscribe(customer, status="trialing")
    event = world.stripe.emit("customer.subscription.trial_will_end", subscription)
    return user_id, customer, event


def subject(user_id):
    return f"user_{user_id.hex}"


def bind(world, user_id, customer):
    with world.db.as_webhook() as webhook:
        webhook.execute("select private.bind_customer(%s, %s)", user_id, customer)


def assert_no_job_left(db):
    assert db.value("select count(*) from private.live_jobs") == 0
    assert db.value("select count(*) from public.jobs where status <> 'succeeded'") == 0
