"""What users, workers and the edge do at once never ends in a deadlock.

Each race is staged the same way: a third session holds a row that both sides need, the sides queue
up behind it in a chosen order, then it lets go. Both must end without an error.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from tests.database import Database, Row, make_product, make_user
from tests.erasure import finish_erasures, rows_about
from tests.jobs import in_background, wait_until_blocked
from tests.rows import make_pack

LOCKS = ("transactionid", "tuple")
ADD_RULE = (
    "insert into public.brand_rules (rule_name, rule_definition) values ('No cure',"
    ' \'{"kind": "banned_phrase", "severity": "error", "params": {"terms": ["cure"]}}\')'
)


@pytest.fixture
def sessions(db: Database) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def account_of(db: Database, row: Row) -> uuid.UUID:
    """Whose row it is; the account is that of the person whom `erasure_of` is about."""
    named = "update private.accounts set issuer = 'issuer', subject = 'subject' where id = %s"
    db.execute(named, row["user_id"])
    return row["user_id"]


def connect(db: Database, sessions: ExitStack, login: str) -> psycopg.Connection[Row]:
    return sessions.enter_context(db.connect(login))


def user_statement(user_id: uuid.UUID, query: str) -> str:
    """A request of the user's, as PostgREST runs it: pre-request, then the statement."""
    claims = {"role": "authenticated", "aud": "authenticated", "iat": 4102444500, "exp": 4102444800}
    claims |= {"account_role": "admin", "sub": str(user_id)}
    claims_text = json.dumps(claims)
    return (
        "begin; set local role authenticated;"
        f" select set_config('request.jwt.claims', '{claims_text}', true),"
        " set_config('request.method', 'PATCH', true),"
        " set_config('request.path', '/products', true);"
        f" select private.before_request(); {query}; commit"
    )


def race(db: Database, sessions: ExitStack, row: str, *sides: tuple[str, str]) -> None:
    """Queues (login, statements) up behind a row that is held, lets go, waits for both."""
    holder = connect(db, sessions, "postgres")
    holder.execute("begin")
    holder.execute(f"{row} for update")
    running = []
    for login, statements in sides:
        session = connect(db, sessions, login)
        running.append(in_background(lambda s=session, q=statements: s.execute(q)))
        wait_until_blocked(db, session, *LOCKS)
    holder.execute("commit")
    for side in running:
        side.result(20)


@pytest.mark.parametrize("first", ["deletion", "renaming"])
def test_a_pack_is_renamed_while_its_product_is_deleted(
    db: Database, sessions: ExitStack, first: str
):
    make_pack(db, make_user(db))
    deletion = ("postgres", "delete from public.products")
    renaming = ("postgres", "update public.virality_packs set name = 'a'")
    sides = [deletion, renaming] if first == "deletion" else [renaming, deletion]
    race(db, sessions, "select from public.virality_packs", *sides)
    assert db.rows("select from public.products") == []


def erasure_of(user_id: uuid.UUID) -> tuple[str, str]:
    """What Clerk's event makes the edge do."""
    event = f"'msg_1', 'user.deleted', 'issuer', 'subject', '{user_id}'"
    return "webhook", f"select private.record_clerk_event({event})"


def test_a_product_is_renamed_just_before_its_account_is_erased(db: Database, sessions: ExitStack):
    product = make_product(db, make_user(db))
    own = account_of(db, product)
    rename = f"update public.products set name = 'a' where id = '{product['id']}'"
    renaming = ("authenticator", user_statement(own, rename))
    race(db, sessions, "select from public.products", renaming)
    login, statement = erasure_of(own)
    connect(db, sessions, login).execute(statement)
    finish_erasures(db)
    assert rows_about(db, own) == {}


def test_what_was_being_written_when_the_account_was_erased_is_erased_too(
    db: Database, sessions: ExitStack
):
    own = account_of(db, make_product(db, make_user(db)))
    writer, edge = connect(db, sessions, "authenticator"), connect(db, sessions, "webhook")
    writer.execute(user_statement(own, ADD_RULE).removesuffix("; commit"))
    # The tombstone waits for nobody; emptying comes again while somebody still writes.
    edge.execute("set lock_timeout = '1ms'")
    edge.execute(erasure_of(own)[1])
    with db.as_worker() as worker:
        assert worker.value("select private.erase_batch(%s)", own) == 0
    writer.execute("commit")
    finish_erasures(db)
    assert rows_about(db, own) == {}


def test_a_request_that_was_let_in_before_the_tombstone_adds_nothing_after_it(
    db: Database, sessions: ExitStack
):
    own = account_of(db, make_product(db, make_user(db)))
    writer, edge = connect(db, sessions, "authenticator"), connect(db, sessions, "webhook")
    before_request, statement = user_statement(own, ADD_RULE).split("before_request();")
    writer.execute(f"{before_request}before_request()")
    edge.execute(erasure_of(own)[1])
    with pytest.raises(psycopg.Error, match="account_deleted"):
        writer.execute(statement)
    writer.execute("rollback")
    finish_erasures(db)
    assert rows_about(db, own) == {}


@pytest.mark.parametrize("first", ["erasure", "write"])
def test_a_write_that_waits_for_the_erasure_of_its_account_is_told_so(
    db: Database, sessions: ExitStack, first: str
):
    own = make_user(db)
    owner, writer = (connect(db, sessions, "authenticator") for _ in range(2))
    request = user_statement(own, "select public.delete_account()").removesuffix("; commit")
    before_request, erasure = request.split("before_request();")
    owner.execute(f"{before_request}before_request()")
    if first == "erasure":
        owner.execute(erasure)
    writing = in_background(lambda: writer.execute(user_statement(own, ADD_RULE)))
    wait_until_blocked(db, writer, *LOCKS)
    if first == "write":
        owner.execute(erasure)
    owner.execute("commit")
    with pytest.raises(psycopg.Error, match="account_deleted"):
        writing.result(20)
    writer.execute("rollback")
    finish_erasures(db)
    assert rows_about(db, own) == {}


def test_nobody_who_asks_first_waits_for_the_end_of_an_erasure(db: Database, sessions: ExitStack):
    own = account_of(db, {"user_id": make_user(db)})
    erasing, edge = connect(db, sessions, "webhook"), connect(db, sessions, "webhook")
    erasing.execute("begin")
    erasing.execute(erasure_of(own)[1])
    edge.execute("set lock_timeout = '1ms'")
    number = edge.execute("select private.begin_checkout(%s) as number", (own,))
    assert number.fetchall() == [{"number": None}]
    erasing.execute("commit")
    assert rows_about(db, own) == {}


def test_tokens_that_come_in_beside_the_erasure_are_given_back(db: Database, sessions: ExitStack):
    own = account_of(db, {"user_id": make_user(db)})
    late, edge = connect(db, sessions, "webhook"), connect(db, sessions, "webhook")
    late.execute("begin")
    late.execute("select private.save_tiktok(%s, 'open', 'video.list', 'a', 'r', 60, 60)", (own,))
    edge.execute(erasure_of(own)[1])
    late.execute("commit")
    finish_erasures(db)
    assert rows_about(db, own) == {}
    assert db.rows("select access_token from private.tiktok_revocations") == [{"access_token": "a"}]


def test_a_claim_does_not_wait_for_jobs_whose_product_is_being_deleted(
    db: Database, sessions: ExitStack
):
    product = make_product(db, make_user(db))
    for key in ("a", "b", "c"):
        query = "select private.enqueue('generate_script', %s, %s, %s)"
        db.execute(query, product["user_id"], product["id"], key)
    worker, owner = connect(db, sessions, "worker"), connect(db, sessions, "postgres")
    claim = "select * from private.claim('scripts', 10, 30)"
    owner.execute("begin; delete from public.products")
    worker.execute("set lock_timeout = '1ms'")
    assert worker.execute(claim).fetchall() == []
    owner.execute("commit")
    assert worker.execute(claim).fetchall() == []
    left = "select count(*) from pgmq.q_jobs where headers ->> 'queue' = 'scripts'"
    assert db.value(left) == 0


def test_a_retry_that_meets_the_deletion_of_its_product_has_lost_its_lease(
    db: Database, sessions: ExitStack
):
    make_product(db, make_user(db))
    worker, owner = connect(db, sessions, "worker"), connect(db, sessions, "postgres")
    [job] = worker.execute("select * from private.claim('ingestion', 1, 30)").fetchall()
    owner.execute("begin; delete from public.products")
    retry = "select private.retry(%s, %s, 'busy', 'Busy.') as outcome"
    retrying = in_background(lambda: worker.execute(retry, (job["msg_id"], job["read_ct"])))
    wait_until_blocked(db, worker)
    owner.execute("commit")
    assert retrying.result(20).fetchall() == [{"outcome": None}]
