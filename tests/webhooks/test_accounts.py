"""Accounts: one UUID per person, gone for good when deleted, everything handed out on request."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from postgrest.exceptions import APIError

from core.billing_sync import sync_event
from core.database import connect
from core.stripe_gateway import Gateway
from tests.database import make_product, make_user
from tests.erasure import finish_erasures, tables_of_accounts
from tests.fakes import clerk
from tests.rules import refusal
from tests.webhooks.edge import Edge
from webhooks.accounts import new_account_id

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
    assert db.value("select count(*) from private.accounts") == 1


def test_the_same_name_at_another_issuer_is_somebody_else():
    here, there = (new_account_id(issuer, "user_a") for issuer in ("https://a", "https://b"))
    assert here == new_account_id("https://a", "user_a") != there


def test_a_moved_account_keeps_its_first_id(edge, db):
    kept = uuid.uuid4()
    db.make_accounts(kept)
    moved = "update private.accounts set issuer = %s, subject = 'user_alice' where id = %s"
    db.execute(moved, clerk.ISSUER, kept)
    assert edge.session().json["user"] == {"id": str(kept)}


def test_a_deleted_person_stays_deleted_while_their_tokens_live(edge, db):
    edge.session()
    answer = edge.tell(GONE)
    again = edge.session()
    assert (answer.status_code, answer.json) == (200, {"received": True, "duplicate": False})
    assert (again.status_code, again.json["code"]) == (403, "account_deleted")
    assert db.value("select count(*) from private.accounts where deleted_at is null") == 0


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


EXPORTED = """
select format('%I.%I', n.nspname, c.relname) as name
from pg_depend as d
inner join pg_class as c on d.refobjid = c.oid and d.refclassid = 'pg_class'::regclass
inner join pg_namespace as n on c.relnamespace = n.oid
where d.objid = 'private.export_account_head()'::regprocedure
"""


def test_an_export_holds_every_table_that_names_an_account(db):
    with db.as_user(make_user(db)) as anybody:
        page = anybody.value("select public.export_account()")
    exported = {row["name"] for row in db.rows(EXPORTED)} | {f"public.{name}" for name in page}
    assert tables_of_accounts(db) - exported == set()


def test_deleting_an_account_erases_it_and_nobody_elses(edge, db):
    alice, bob = (uuid.UUID(edge.session(u).json["user"]["id"]) for u in ("user_alice", "user_bob"))
    make_product(db, alice)
    kept = make_product(db, bob)
    with db.as_user(alice) as owner:
        owner.execute("select public.delete_account()")
    finish_erasures(db)
    assert db.rows("select id, user_id from public.products") == [
        {"id": kept["id"], "user_id": bob}
    ]
    assert db.value("select count(*) from public.jobs where user_id = %s", alice) == 0
    assert edge.session().json["code"] == "account_deleted"
    assert edge.session("user_bob").status_code == 200


def test_deleting_twice_changes_nothing(db):
    alice = make_user(db)
    for _ in range(2):
        with db.as_user(alice) as owner:
            owner.execute("select public.delete_account()")
    assert db.rows("select id, emptied_at is not null as is_empty from private.accounts") == [
        {"id": alice, "is_empty": True}
    ]


def test_an_export_holds_everything_of_the_caller_and_nothing_else(edge, db):
    alice = uuid.UUID(edge.session().json["user"]["id"])
    product = make_product(db, alice)
    make_product(db, make_user(db))
    with db.as_user(alice) as owner:
        export = owner.value("select public.export_account()")
    assert [row["id"] for row in export["products"]] == [str(product["id"])]
    assert [row["kind"] for row in export["jobs"]] == ["analyze_product"]
    assert export["identities"][0]["subject"] == "user_alice"
    assert (export["user_id"], export["plan"]) == (str(alice), "free")


def exported(db, user_id):
    """All pages, joined as a client joins them."""
    whole, cursor, pages = {}, None, 0
    while cursor is not None or not pages:
        with db.as_user(user_id) as owner:
            page = owner.value("select public.export_account(%s)", cursor)
        cursor, pages = page.pop("next_cursor"), pages + 1
        for name, value in page.items():
            whole[name] = whole.get(name, []) + value if isinstance(value, list) else value
    return whole, pages


def test_an_export_in_pages_holds_each_row_once(db):
    product = make_product(db, make_user(db))
    db.execute(
        "insert into public.scripts (user_id, product_id, content)"
        " select %s, %s, repeat('x', 9000) from generate_series(1, 600)",
        *(product["user_id"], product["id"]),
    )
    db.execute(
        "insert into public.script_versions (script_id, user_id, version, content)"
        " select id, user_id, n, n::text from public.scripts, generate_series(1, 5) as n",
    )
    whole, pages = exported(db, product["user_id"])
    assert pages > 2
    for name, rows in {"products": 1, "scripts": 600, "script_versions": 3000, "jobs": 1}.items():
        assert (name, len(whole[name])) == (name, rows)
        assert (name, len({row["id"] for row in whole[name]})) == (name, rows)


@pytest.mark.parametrize(
    "cursor", ["", "x", "plans|2026-01-01|x", "products|x|y", "products|2026-99-99T00:00|1"]
)
def test_a_cursor_that_no_export_has_answered_is_refused(db, cursor):
    assert refusal(db, make_user(db), "select public.export_account(%s)", cursor) == {
        "status": 422,
        "code": "invalid_cursor",
        "message": "The cursor is not one that an export has answered.",
        "details": {"field": "cursor"},
    }


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
    finish_erasures(db)
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
    alice, bob = make_user(db), make_user(db)
    client = postgrest.as_user(alice)
    make_product(db, alice)
    client.rpc("delete_account", {}).execute()
    with pytest.raises(APIError) as caught:
        client.table("products").insert({"name": "x", "source_url": "https://a.example"}).execute()
    assert caught.value.code == "account_deleted"
    with pytest.raises(APIError) as caught:
        client.table("products").select("*").execute()
    assert caught.value.code == "account_deleted"
    assert db.value("select count(*) from public.products") == 0
    assert postgrest.as_user(bob).table("products").select("*").execute().data == []
