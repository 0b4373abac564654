"""Erasure: the tombstone at once, the rows in batches, whatever the size and whoever is killed."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from tests.database import Database, make_product, make_user
from tests.erasure import bury, finish_erasures, rows_about, tables_of_accounts
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
    product = make_product(db, make_user(db))
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


def test_the_answer_leaves_a_tombstone_and_the_work(db: Database) -> None:
    user = make_account(db, scripts=2000)
    before = rows_about(db, user)
    erase(db, user)
    assert db.value("select private.is_erased(%s)", user) is True
    # What is deleted before the answer is bounded; the rest is the job's.
    assert sum(before.values()) - sum(rows_about(db, user).values()) == 1000
    assert db.rows(
        "select kind, arguments from private.live_jobs where tenant = 'system' order by kind"
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
    user, other = make_account(db, scripts=2000), make_product(db, make_user(db))["user_id"]
    kept = rows_about(db, other)
    assert set(rows_about(db, user)) >= {"public.accounts", "public.script_versions"}
    erase(db, user)
    finish_erasures(db)
    assert (rows_about(db, user), rows_about(db, other)) == ({}, kept)
    emptied = "select emptied_at is not null from private.accounts where id = %s"
    assert (db.value(emptied, user), db.value(emptied, other)) == (True, False)
    jobs = "select count(*) from private.live_jobs where tenant = %s::text"
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
    bury(db, user)
    with db.as_worker() as worker:
        worker.execute("select private.erase_batch(%s, 1)", user)
        held = "select * from private.extend(%s, %s, 30)"
        assert worker.rows(held, [job["msg_id"]], [job["read_ct"]]) == []


def test_a_job_of_an_erased_account_pays_for_no_further_run(db: Database) -> None:
    user = make_account(db)
    with db.as_worker() as worker:
        job = worker.row("select * from private.claim('ingestion', 1, 30)")
    bury(db, user)
    reserve = "select private.reserve_run(%s, %s, 'posts', 0.5)"
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
    user, alive = make_account(db), make_product(db, make_user(db))["user_id"]
    bury(db, user)
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
    db.execute(
        "create table private.probes"
        " (user_id uuid primary key references public.accounts on delete cascade)"
    )
    db.execute("insert into private.probes values (%s)", user)
    erase(db, user)
    finish_erasures(db)
    assert db.rows("select from private.probes") == []


def test_adding_many_rows_counts_once(db: Database) -> None:
    """Counted row by row, 20,000 rows of one statement were 20,000 versions of one row."""
    product = make_product(db, make_user(db))
    version = "select read_version from private.accounts where id = %s"
    before = db.value(version, product["user_id"])
    db.execute(FILL, 100, product["id"])
    assert db.value(version, product["user_id"]) == before + 1
    db.execute("delete from public.products")
    assert db.value(version, product["user_id"]) == before + 2


def test_a_change_is_counted_without_a_write_to_an_index(db: Database) -> None:
    make_product(db, make_user(db))
    with db.connection.transaction():
        db.execute("update public.products set name = 'Mug'")
        written = db.row(
            "select n_tup_upd, n_tup_hot_upd from pg_stat_xact_all_tables"
            " where relid = 'private.accounts'::regclass"
        )
    assert written == {"n_tup_upd": 1, "n_tup_hot_upd": 1}


def test_tables_are_emptied_before_those_that_they_hang_on(db: Database) -> None:
    order = db.value(
        "select array_agg(n.nspname || '.' || c.relname order by t.place)"
        " from private.account_tables() with ordinality as t (id, place)"
        " join pg_class as c on c.oid = t.id join pg_namespace as n on n.oid = c.relnamespace"
    )
    assert {*order, "public.accounts"} == tables_of_accounts(db)
    assert order[0] == "public.jobs"
    places = {name.split(".")[1]: place for place, name in enumerate(order)}
    assert places["script_versions"] < places["scripts"] < places["products"]
    assert places["analysis_results"] < places["products"] > places["virality_packs"]


def test_a_row_for_an_account_that_is_gone_or_was_never_made_is_refused(db: Database) -> None:
    gone, never = make_account(db), uuid.uuid4()
    erase(db, gone)
    finish_erasures(db)
    insert = (
        "insert into public.products (user_id, name, source_url)"
        " values (%s, 'Mug', 'https://shop.example')"
    )
    for user, error in ((gone, "account_deleted"), (never, "products_user_id_fkey")):
        with pytest.raises(psycopg.Error, match=error), db.acting_as("service_role") as service:
            service.execute(insert, user)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        db.execute("insert into private.stripe_customers (user_id) values (%s)", gone)


UNGUARDED = """
select c.oid::regclass::text as name
from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attname = 'user_id'
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
and has_any_column_privilege('authenticated', c.oid, 'insert') and not exists (
    select from pg_trigger as t join pg_proc as p on p.oid = t.tgfoid
    where t.tgrelid = c.oid and p.prosrc like '%lock_living_account(%'
)
"""


def test_whatever_users_add_looks_at_the_tombstone(db: Database) -> None:
    assert db.rows(UNGUARDED) == []
    db.execute("create table public.probes (user_id uuid)")
    db.execute("grant insert on public.probes to authenticated")
    assert db.rows(UNGUARDED) == [{"name": "probes"}]


@pytest.mark.parametrize("status", ["draft", "final"])
def test_a_script_of_an_erased_account_is_not_added(db: Database, status: str) -> None:
    product = make_product(db, make_user(db))
    erase(db, product["user_id"])
    finish_erasures(db)
    with pytest.raises(psycopg.Error, match="account_deleted"):
        make_script(db, product, status=status)
