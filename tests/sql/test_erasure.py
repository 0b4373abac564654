"""Erasure: the tombstone at once, the rows in batches, whatever the size and whoever is killed."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from tests.database import Database, make_product, make_user
from tests.erasure import TABLES, finish_erasures, rows_about
from tests.rows import make_pack, make_result, make_subscription
from tests.rules import banned, make_rule, make_script

DELETE = "select public.delete_account()"
FILL = """
with scripts as (
    insert into public.scripts (user_id, product_id, content)
    select user_id, id, 'Look at this.' from public.products, generate_series(1, %s)
    where id = %s
    returning id, user_id, content
)
insert into public.script_versions (script_id, user_id, version, content)
select id, user_id, 1, content from scripts
"""


def make_account(db: Database, scripts: int = 3) -> uuid.UUID:
    """An account with a row in most tables."""
    product = make_product(db, make_user())
    user = product["user_id"]
    make_pack(db, user, product_id=product["id"])
    make_result(db, user, product_id=product["id"])
    make_rule(db, user, "No cure", banned("cure"))
    make_subscription(db, user)
    db.execute(
        "insert into private.stripe_customers (user_id, customer_id) values (%s, 'cus_1')", user
    )
    db.execute(FILL, scripts, product["id"])
    return user


def erase(db: Database, user: uuid.UUID) -> None:
    with db.as_user(user) as owner:
        owner.execute(DELETE)


def tombstone(db: Database, user: uuid.UUID) -> None:
    """The account is erased; its rows are all there still."""
    db.execute(
        "insert into private.identities (issuer, subject, user_id, deleted_at)"
        " values ('account', %s::text, %s, now())",
        *(user, user),
    )


def test_the_answer_leaves_a_tombstone_and_the_work(db: Database) -> None:
    user = make_account(db, scripts=2000)
    before = rows_about(db, user)
    erase(db, user)
    assert db.value("select private.is_erased(%s)", user) is True
    # What is deleted before the answer is bounded; the rest is the job's.
    assert sum(before.values()) - sum(rows_about(db, user).values()) == 1000
    assert db.rows(
        "select kind, arguments from private.live_jobs where lane = 'system' order by kind"
    ) == [
        {"kind": "erase_account", "arguments": {"customer_id": "cus_1"}},
        {"kind": "erase_rows", "arguments": {"user_id": str(user)}},
    ]


def test_most_accounts_are_gone_with_the_answer(db: Database) -> None:
    user = make_account(db)
    erase(db, user)
    assert rows_about(db, user) == {}
    assert db.rows("select kind from private.live_jobs") == [{"kind": "erase_account"}]


def test_nothing_is_left_and_others_lose_nothing(db: Database) -> None:
    user, other = make_account(db, scripts=2000), make_product(db, make_user())["user_id"]
    kept = rows_about(db, other)
    assert set(rows_about(db, user)) >= {"private.read_versions", "public.script_versions"}
    erase(db, user)
    finish_erasures(db)
    assert (rows_about(db, user), rows_about(db, other)) == ({}, kept)
    assert db.value("select emptied_at is not null from private.identities") is True
    jobs = "select count(*) from private.live_jobs where lane = %s::text"
    assert (db.value(jobs, user), db.value(jobs, other)) == (0, 1)


def test_a_batch_is_bounded_and_the_next_goes_on(db: Database) -> None:
    user = make_account(db, scripts=700)
    erase(db, user)
    with db.as_worker() as worker:
        sizes = [worker.value("select private.erase_batch(%s, 30)", user) for _ in range(4)]
    assert max(sizes) == 30
    assert rows_about(db, user) != {}
    finish_erasures(db, quantity=30)
    assert rows_about(db, user) == {}


def test_work_that_costs_money_stops_with_the_first_batch(db: Database) -> None:
    user = make_account(db)
    with db.as_worker() as worker:
        job = worker.row("select * from private.claim('ingestion', 1, 30)")
    tombstone(db, user)
    with db.as_worker() as worker:
        worker.execute("select private.erase_batch(%s, 1)", user)
        held = "select * from private.extend('ingestion', %s, %s, 30)"
        assert worker.rows(held, [job["msg_id"]], [job["read_ct"]]) == []


def test_a_job_of_an_erased_account_pays_for_no_further_run(db: Database) -> None:
    user = make_account(db)
    with db.as_worker() as worker:
        job = worker.row("select * from private.claim('ingestion', 1, 30)")
    tombstone(db, user)
    reserve = "select private.reserve_run('ingestion', %s, %s, 'posts', 0.5)"
    with db.as_worker() as worker:
        assert worker.value(reserve, job["msg_id"], job["read_ct"]) is None
    assert db.rows("select from private.source_runs") == []


def test_rows_that_somebody_holds_are_left_for_later(db: Database) -> None:
    user = make_account(db)
    with db.connect("postgres") as holder:
        holder.execute("begin; select from public.jobs for update")
        with db.as_user(user) as owner:
            owner.execute("set local lock_timeout = '1ms'")
            owner.execute(DELETE)
        with db.as_worker() as worker:
            worker.execute("set local lock_timeout = '1ms'")
            assert worker.value("select private.erase_batch(%s)", user) == 0
    finish_erasures(db)
    assert rows_about(db, user) == {}


def test_an_account_that_lives_is_never_emptied(db: Database) -> None:
    user = make_account(db)
    with pytest.raises(psycopg.Error, match="has no tombstone"), db.as_worker() as worker:
        worker.execute("select private.erase_batch(%s)", user)


def test_an_erasure_whose_job_gave_up_is_brought_back(db: Database) -> None:
    user, alive = make_account(db), make_product(db, make_user())["user_id"]
    tombstone(db, user)
    db.execute("delete from public.jobs where kind = 'erase_rows'")
    with db.as_worker() as worker:
        assert worker.value("select private.requeue_erasures()") == 1
    finish_erasures(db)
    db.execute("delete from public.jobs where kind = 'erase_rows'")
    with db.as_worker() as worker:
        assert worker.value("select private.requeue_erasures()") == 0
    assert rows_about(db, alive) != {}


def test_a_table_that_is_added_later_is_emptied_too(db: Database) -> None:
    user = make_account(db)
    db.execute("create table private.probes (user_id uuid primary key)")
    db.execute("insert into private.probes values (%s)", user)
    erase(db, user)
    finish_erasures(db)
    assert db.rows("select from private.probes") == []


def test_adding_many_rows_counts_once(db: Database) -> None:
    """Counted row by row, 20,000 rows of one statement were 20,000 versions of one row."""
    product = make_product(db, make_user())
    version = "select version from private.read_versions where user_id = %s"
    before = db.value(version, product["user_id"])
    db.execute(FILL, 100, product["id"])
    assert db.value(version, product["user_id"]) == before + 1
    db.execute("delete from public.products")
    assert db.value(version, product["user_id"]) == before + 2


GUARDED = """
select t.name from unnest(%s::text[]) as t (name)
where not exists (
    select from pg_trigger where tgrelid = t.name::regclass
    and tgfoid = 'private.require_account'::regproc
) and not exists (
    select from pg_constraint as f
    join pg_attribute as a on a.attrelid = f.conrelid and a.attnum = any (f.conkey)
    where f.conrelid = t.name::regclass and f.contype = 'f' and f.confdeltype = 'c'
    and a.attnotnull and f.confrelid in ('public.products'::regclass, 'public.scripts'::regclass)
)
"""
# Written by functions that look at the tombstone under the account's lock, …
ENTERED = {
    "private.stripe_customers",
    "private.tiktok_connections",
    "private.tiktok_states",
    "public.subscriptions",
    "private.spending",
}
# … or beside a product's row, which they lock, and emptied after it.
BESIDE_A_PRODUCT = {"public.jobs", "private.usage", "private.read_versions"}
# Counts of requests: a refused one leaves none.
COUNTS = {"private.request_counts"}


def test_nothing_is_added_to_an_account_without_a_look_at_its_tombstone(db: Database) -> None:
    tables = [row["name"] for row in db.rows(TABLES)]
    unguarded = {row["name"] for row in db.rows(GUARDED, tables)}
    assert unguarded - ENTERED - BESIDE_A_PRODUCT - COUNTS == set()


@pytest.mark.parametrize("status", ["draft", "final"])
def test_a_script_of_a_product_that_is_gone_is_not_added(db: Database, status: str) -> None:
    product = make_product(db, make_user())
    erase(db, product["user_id"])
    finish_erasures(db)
    with pytest.raises(psycopg.Error, match="not_found"):
        make_script(db, product, status=status)
