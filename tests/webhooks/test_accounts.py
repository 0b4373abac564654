"""Accounts: one UUID per person, gone for good when deleted, everything handed out on request."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from postgrest.exceptions import APIError

from core.billing import Gateway
from core.billing_sync import sync_event
from core.database import connect
from tests.database import make_product
from tests.fakes import clerk
from tests.webhooks.edge import NOW, Edge
from webhooks.identities import default_user_id

GONE = {"type": "user.deleted", "data": {"id": "user_alice", "deleted": True, "object": "user"}}


def test_a_person_is_the_same_account_every_time(edge: Edge):
    first, second, other = edge.session(), edge.session(), edge.session("user_bob")
    assert first.json["user"] == second.json["user"] != other.json["user"]


def test_concurrent_first_sign_ins_agree(edge, db):
    headers = edge.bearer()
    with ThreadPoolExecutor(8) as people:
        answers = list(
            people.map(
                lambda _: edge.app.test_client().post("/auth/session", headers=headers), range(24)
            )
        )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["user"]["id"] for answer in answers}) == 1
    assert db.value("select count(*) from private.identities") == 1


def test_the_same_name_at_another_issuer_is_somebody_else():
    here, there = (default_user_id(issuer, "user_a") for issuer in ("https://a", "https://b"))
    assert here == default_user_id("https://a", "user_a") != there


def test_a_moved_account_keeps_its_first_id(edge, db):
    kept = uuid.uuid4()
    db.execute(
        "insert into private.identities (issuer, subject, user_id) values (%s, 'user_alice', %s)",
        clerk.ISSUER,
        kept,
    )
    assert edge.session().json["user"] == {"id": str(kept)}


def test_sessions_from_before_a_revocation_are_refused(edge, db):
    edge.session()
    db.execute("update private.identities set min_iat = %s where subject = 'user_alice'", NOW)
    before, after = edge.session(iat=NOW - 1), edge.session()
    assert (before.status_code, before.json["code"]) == (403, "session_revoked")
    assert after.status_code == 200


def test_a_deleted_person_stays_deleted_while_their_tokens_live(edge, db):
    edge.session()
    answer = edge.tell(GONE)
    again = edge.session()
    assert (answer.status_code, answer.json) == (200, {"received": True, "duplicate": False})
    assert (again.status_code, again.json["code"]) == (403, "account_deleted")
    assert db.value("select count(*) from private.identities where deleted_at is null") == 0


def test_a_person_deleted_before_their_first_sign_in_never_comes_in(edge):
    edge.tell(GONE)
    assert edge.session().json["code"] == "account_deleted"
    assert edge.session("user_bob").status_code == 200


@pytest.mark.parametrize(
    "data", [{}, {"id": None}, {"id": ""}, {"id": "user_"}, [], None, "user_alice"]
)
def test_a_deletion_that_names_nobody_erases_nobody(edge, db, data):
    edge.session()
    answer = edge.tell({"type": "user.deleted", "data": data})
    assert answer.status_code == 200
    assert edge.session().status_code == 200
    assert db.rows("select outcome from private.clerk_events") == [{"outcome": "ignored"}]


def test_a_replayed_message_changes_nothing(edge, db):
    first, second = edge.tell(GONE), edge.tell(GONE)
    assert (first.json["duplicate"], second.json["duplicate"]) == (False, True)
    assert db.rows("select id, type, outcome from private.clerk_events") == [
        {"id": "msg_1", "type": "user.deleted", "outcome": "erased"}
    ]


def test_other_messages_are_recorded_and_do_nothing(edge, db):
    edge.session()
    edge.tell({"type": "user.updated", "data": {"id": "user_alice"}})
    assert edge.session().status_code == 200
    assert db.rows("select outcome from private.clerk_events") == [{"outcome": "ignored"}]


def test_an_account_that_somebody_else_still_acts_for_stays(edge, db):
    user_id = uuid.UUID(edge.session().json["user"]["id"])
    db.execute(
        "insert into private.identities (issuer, subject, user_id) values ('i', 'b', %s)", user_id
    )
    product = make_product(db, user_id)
    edge.tell(GONE)
    assert db.value("select id from public.products") == product["id"]
    assert edge.session().json["code"] == "account_deleted"


TABLES = """
select format('%I.%I', n.nspname, c.relname) as name
from pg_attribute as a
inner join pg_class as c on a.attrelid = c.oid
inner join pg_namespace as n on c.relnamespace = n.oid
where a.attname = 'user_id' and not a.attisdropped and c.relkind = 'r'
and n.nspname in ('public', 'private') and c.relname <> 'identities'
"""


def test_erasing_empties_every_table_that_names_an_account(edge, db):
    """A table added later must be added to private.erase_rows: this finds it."""
    tables = {row["name"] for row in db.rows(TABLES)}
    body = db.value("select pg_get_functiondef('private.erase_rows(uuid)'::regprocedure)")
    assert {name for name in tables if f"delete from {name} " not in body} == set()


EXPORTED = """
select format('%I.%I', n.nspname, c.relname) as name
from pg_depend as d
inner join pg_class as c on d.refobjid = c.oid and d.refclassid = 'pg_class'::regclass
inner join pg_namespace as n on c.relnamespace = n.oid
where d.objid = 'private.export_own_account()'::regprocedure
"""


def test_an_export_holds_every_table_that_names_an_account(db):
    tables = {row["name"] for row in db.rows(TABLES)}
    assert tables - {row["name"] for row in db.rows(EXPORTED)} == set()


def test_deleting_an_account_erases_it_and_nobody_elses(edge, db):
    alice, bob = (uuid.UUID(edge.session(u).json["user"]["id"]) for u in ("user_alice", "user_bob"))
    make_product(db, alice)
    kept = make_product(db, bob)
    with db.as_user(alice) as owner:
        owner.execute("select public.delete_account()")
    assert db.rows("select id, user_id from public.products") == [
        {"id": kept["id"], "user_id": bob}
    ]
    assert db.value("select count(*) from public.jobs where user_id = %s", alice) == 0
    assert edge.session().json["code"] == "account_deleted"
    assert edge.session("user_bob").status_code == 200


def test_deleting_twice_changes_nothing(db):
    alice = uuid.uuid4()
    for _ in range(2):
        with db.as_user(alice) as owner:
            owner.execute("select public.delete_account()")
    assert db.rows("select user_id, deleted_at is not null as gone from private.identities") == [
        {"user_id": alice, "gone": True}
    ]


def test_an_export_holds_everything_of_the_caller_and_nothing_else(edge, db):
    alice = uuid.UUID(edge.session().json["user"]["id"])
    product = make_product(db, alice)
    make_product(db, uuid.uuid4())
    with db.as_user(alice) as owner:
        export = owner.value("select public.export_account()")
    assert [row["id"] for row in export["products"]] == [str(product["id"])]
    assert [row["kind"] for row in export["jobs"]] == ["analyze_product"]
    assert export["identities"][0]["subject"] == "user_alice"
    assert (export["user_id"], export["plan"]) == (str(alice), "free")


@pytest.mark.parametrize("function", ["delete_account", "export_account"])
def test_strangers_neither_delete_nor_export(db, function):
    with pytest.raises(Exception, match="permission denied"), db.acting_as("anon") as stranger:
        stranger.execute(f"select public.{function}()")


def test_an_erased_account_stops_paying_and_later_events_bring_nothing_back(shop, fake_stripe, db):
    shop.client.post("/subscriptions/create", json={"plan": "creator"}, headers=shop.bearer())
    [session] = fake_stripe.of("checkout.session")
    fake_stripe.pay(session["id"])
    shop.client.post("/subscriptions/sync", headers=shop.bearer())
    shop.tell(GONE)
    [job] = db.rows("select arguments from private.live_jobs where kind = 'erase_account'")
    gateway = Gateway("sk_test_1", api_base=fake_stripe.base)
    assert gateway.cancel_everything(gateway.customer(job["arguments"]["customer_id"])) == 1
    events = list(fake_stripe.events)
    for event in events:
        shop.deliver(event)
    with connect(db.url("worker"), application_name="test") as worker:
        outcomes = {sync_event(worker, gateway, event["id"]) for event in events}
    assert outcomes == {"ignored", "already_done"}
    assert [s["status"] for s in fake_stripe.of("subscription")] == ["canceled"]
    assert db.value("select count(*) from public.subscriptions") == 0
    assert db.value("select count(*) from private.stripe_customers") == 0


def test_the_token_of_an_erased_account_does_nothing_any_more(db, postgrest):
    alice, bob = uuid.uuid4(), uuid.uuid4()
    client = postgrest.as_user(alice)
    make_product(db, alice)
    client.rpc("delete_account", {}).execute()
    with pytest.raises(APIError) as caught:
        client.table("products").insert({"name": "x", "source_url": "https://a.example"}).execute()
    assert caught.value.code == "account_deleted"
    assert db.value("select count(*) from public.products") == 0
    assert postgrest.as_user(bob).table("products").select("*").execute().data == []
