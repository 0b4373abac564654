"""An organisation has the name that it last had at Clerk, however often and late that is told."""

from __future__ import annotations

import itertools
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.config import EdgeSettings
from tests.database import Database
from tests.fakes import clerk
from tests.webhooks.edge import Edge, running
from tests.webhooks.test_organisations import account_id, member
from webhooks.clerk_tokens import display_name

CREATED, CHANGED = "organization.created", "organization.updated"
NAME = "select name from public.accounts where id = %s"


def named(name: object, at: float, kind: str = CHANGED, organisation: str = "org_acme") -> Any:
    """An event as Clerk documents it, as far as we read it."""
    data = {"id": organisation, "object": "organization", "name": name, "slug": "acme"}
    return {"type": kind, "object": "event", "timestamp": int(at * 1000), "data": data}


def name_of(db: Database, organisation: str = "org_acme") -> str | None:
    return db.value(NAME, account_id(organisation))


def test_the_event_of_a_new_organisation_names_it_before_anybody_comes(edge: Edge, db):
    assert edge.tell(named("Acme Ltd", edge.now, CREATED)).status_code == 200
    assert db.rows("select outcome from private.clerk_events") == [{"outcome": "named"}]
    edge.session(**member())
    with db.as_user(account_id("org_acme")) as organisation:
        shown = organisation.row("select kind, name from public.accounts")
    assert shown == {"kind": "organisation", "name": "Acme Ltd"}


def test_names_in_any_order_and_doubled_end_as_the_latest(edge: Edge, db):
    names = ["Acme", "Acme Ltd", "Acme", "Apex"]
    events = [named(name, edge.now - 10 + number) for number, name in enumerate(names)]
    chance, ids = random.Random(1), itertools.count()
    for order in itertools.permutations(events):
        organisation = f"org_{next(ids)}"
        told = [(f"msg_{next(ids)}", event) for event in order]
        for message_id, event in [*told, *chance.sample(told, 2)]:
            about = event | {"data": event["data"] | {"id": organisation}}
            assert edge.tell(about, message_id=message_id).status_code == 200
        assert name_of(db, organisation) == "Apex", order


def test_events_at_once_end_as_the_latest(edge: Edge, db):
    edge.session(**member())
    events = [named(f"Name {number:02}", edge.now - 50 + number) for number in range(32)]
    random.Random(2).shuffle(events)

    def tell(numbered: tuple[int, Any]) -> int:
        number, event = numbered
        body, headers = clerk.message(event, now=edge.now, message_id=f"msg_{number}")
        return edge.app.test_client().post("/clerk/webhook", data=body, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(tell, enumerate(events))) == {200}
    assert name_of(db) == "Name 31"


def test_a_session_brings_a_slug_until_a_name_is_known(edge: Edge, db):
    def come(slug: object) -> str | None:
        claims = member()
        claims["o"]["slg"] = slug
        assert edge.session(**claims).status_code == 200
        return name_of(db)

    assert [come(None), come("acme"), come("apex")] == [None, "acme", "apex"]
    edge.tell(named("Acme Ltd", edge.now))
    assert come("apex") == "Acme Ltd"
    flat = edge.session("user_bob", v=..., org_id="org_flat", org_role="org:admin", org_slug="flat")
    assert (flat.status_code, name_of(db, "org_flat")) == (200, "flat")


def test_a_claim_with_the_name_counts_from_when_clerk_issued_it(edge: Edge, db):
    def come(name: str, issued_at: int) -> str | None:
        assert edge.session(**member(), org_name=name, iat=issued_at).status_code == 200
        return name_of(db)

    assert come("Acme", edge.now - 20) == "Acme"
    edge.tell(named("Apex", edge.now - 10))
    assert come("Acme", edge.now - 20) == "Apex"
    assert come("Acme", edge.now - 5) == "Acme"
    edge.tell(named("Late", edge.now - 8), message_id="msg_2")
    assert name_of(db) == "Acme"


def test_an_erased_organisation_gets_no_name(edge: Edge, db):
    edge.session(**member())
    edge.tell({"type": "organization.deleted", "data": {"id": "org_acme"}})
    assert edge.tell(named("Acme", edge.now + 5), message_id="msg_2").status_code == 200
    assert db.rows("select * from public.accounts where kind = 'organisation'") == []
    edge.tell({"type": "organization.deleted", "data": {"id": "org_new"}}, message_id="msg_3")
    edge.tell(named("New", edge.now, organisation="org_new"), message_id="msg_4")
    assert db.rows("select * from public.accounts where kind = 'organisation'") == []


@pytest.mark.parametrize("name", [None, 5, "", " \u200b\n", {"x": 1}], ids=repr)
def test_a_name_that_is_none_changes_nothing(edge: Edge, db, name):
    edge.tell(named("Acme", edge.now))
    assert edge.tell(named(name, edge.now + 1), message_id="msg_2").status_code == 200
    assert name_of(db) == "Acme"


def test_a_person_keeps_no_name(edge: Edge, db):
    edge.session(org_name="Acme", org_slug="acme")
    assert name_of(db, "user_alice") is None
    # An event about an organisation that has the id of a person is none.
    edge.tell(named("Acme", edge.now, organisation="user_alice"))
    assert name_of(db, "user_alice") is None


def test_a_name_is_printable_and_has_200_characters_at_most():
    assert display_name("  Acme\u0000\r\n\u202eLtd ") == "Acme Ltd"
    assert display_name("A\ud800b") == "A b"
    assert display_name("x" * 199 + " yz") == "x" * 199


def test_the_same_name_again_locks_nothing(settings: EdgeSettings, db):
    for edge in running(settings):
        edge.session(**member(), org_name="Acme")
        with db.connect("postgres") as holder:
            holder.execute("begin; select from public.accounts for no key update")
            assert edge.session(**member(), org_name="Acme", iat=edge.now + 1).status_code == 200
