"""Two cells behind one edge: who lives where, whose tokens count where, and moves between them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import jwt
import psycopg
import pytest

from core.config import EdgeSettings, MoverSettings
from local.stripe import FakeStripe
from tests.clones import clone_of
from tests.database import Database, make_product, opened, user_claims
from tests.erasure import rows_about
from tests.fakes import clerk
from tests.jobs import in_background
from tests.patience import PATIENCE_SECONDS
from tests.rows import (
    make_api_key,
    make_delivery,
    make_numbers,
    make_pack,
    make_result,
    make_share,
    make_subscription,
    make_webhook,
)
from tests.rules import banned, make_rule, make_script
from tests.webhooks.edge import NOW, Edge, make_settings
from webhooks import cells_move
from webhooks.cells_move import Move, MoveError

postgres_other_clone = clone_of("postgres_template", dbname="cell_b")


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.fixture
def other(postgres_other_clone: psycopg.Connection) -> Iterator[Database]:
    with opened(postgres_other_clone) as database:
        name = postgres_other_clone.info.dbname
        with database.as_superuser() as owner:
            owner.execute(
                f"alter role authenticator in database {name} set pgrst.jwt_aud = 'cell_b'"
            )
        yield database


@pytest.fixture
def mover(db: Database, other: Database, tmp_path: Path) -> MoverSettings:
    """The directory knows both cells; new accounts go to b."""
    db.execute(
        "insert into private.cells (id, api_url, audience, database_secret, has_room) values"
        " ('a', 'https://a.example.test', 'authenticated', null, false),"
        " ('b', 'https://b.example.test', 'cell_b', 'cell_b', true)"
    )
    for login in ("webhook", "mover"):
        (tmp_path / login).mkdir()
        (tmp_path / login / "cell_b").write_text(other.url(login))
    return MoverSettings(mover_db_url=db.url("mover"), cell_secrets_dir=tmp_path / "mover")


@pytest.fixture
def settings(db: Database, mover: MoverSettings, tmp_path: Path) -> EdgeSettings:
    return make_settings(db.url("webhook"), tmp_path, cell_secrets_dir=tmp_path / "webhook")


def account(edge: Edge, user: str = "user_alice") -> uuid.UUID:
    return uuid.UUID(edge.session(user).json["account"]["id"])


def audience(answer) -> str:
    return jwt.decode(answer.json["access_token"], options={"verify_signature": False})["aud"]


def fill(db: Database, user: uuid.UUID) -> None:
    """A row in most tables."""
    product = make_product(db, user)
    make_pack(db, user, product_id=product["id"])
    make_result(db, user, product_id=product["id"])
    make_rule(db, user, "No cure", banned("cure"))
    make_script(db, product)
    make_numbers(db, user, product_id=product["id"], price="34.00", ratio=1 / 3)
    make_subscription(db, user)
    make_share(db, user)
    make_delivery(db, user)
    make_api_key(db, user)
    db.execute("update public.products set watch = 'weekly' where id = %s", product["id"])
    db.execute(
        "insert into private.stripe_customers (user_id, customer_id) values (%s, 'cus_1')", user
    )


def contents(db: Database, user: uuid.UUID):
    return db.value("select private.cell_contents(%s)", user)


def move(settings: MoverSettings, user: uuid.UUID, cell: str, kind: type[Move] = Move):
    with cells_move.begun(settings, user, cell, lambda _: None, kind) as (begun, last):
        return begun.run(last)


def test_a_new_account_goes_to_the_cell_with_room(edge: Edge, db, other):
    answer = edge.session()
    assert answer.json["api_url"] == "https://b.example.test"
    assert audience(answer) == "cell_b"
    user = answer.json["account"]["id"]
    assert db.rows("select from public.accounts") == []
    assert [str(row["id"]) for row in other.rows("select id from public.accounts")] == [user]


def test_an_account_from_before_stays_and_a_full_house_says_so(edge: Edge, db, other):
    made = make_known(db, "user_alice")
    assert edge.session().json["account"]["id"] == str(made)
    assert edge.session().json["api_url"] == "https://a.example.test"
    db.execute("update private.cells set has_room = false")
    answer = edge.session("user_bob")
    assert (answer.status_code, answer.json["code"]) == (503, "no_room")
    assert other.rows("select from public.accounts") == []


def make_known(db: Database, subject: str) -> uuid.UUID:
    return db.value(
        "select r.user_id from private.resolve_identity(%s, %s, %s) as r",
        *(clerk.ISSUER, subject, uuid.uuid4()),
    )


def test_a_move_carries_every_row_and_leaves_a_tombstone(edge: Edge, db, other, mover):
    user = make_known(db, "user_alice")
    fill(db, user)
    make_webhook(other, make_known(other, "user_carol"))  # so that it knows the encryption key
    before = contents(db, user)
    assert sum(count > 0 for count, _ in before.values()) >= 19
    assert move(mover, user, "b")["step"] == "cleared"
    assert contents(other, user) == before
    assert rows_about(db, user) == {"public.accounts": 1}
    assert db.value("select cell_state from private.accounts") == "moved"
    answer = edge.session()
    assert answer.json["account"]["id"] == str(user)
    assert (answer.json["api_url"], audience(answer)) == ("https://b.example.test", "cell_b")
    # And back.
    move(mover, user, "a")
    assert contents(db, user) == before
    assert rows_about(other, user) == {"public.accounts": 1}
    assert edge.session().json["api_url"] == "https://a.example.test"


def test_a_cell_without_what_rows_refer_to_takes_nobody(db, other, mover):
    """The secrets of webhooks are encrypted with a key that the other cell lacks."""
    user = make_known(db, "user_alice")
    fill(db, user)
    before = contents(db, user)
    with pytest.raises(MoveError, match="endpoint_secrets_key_id_fkey"):
        move(mover, user, "b")
    with cells_move.begun(mover, user, "b", lambda _: None) as (begun, last):
        assert last == "frozen"
        begun.abort()
    assert contents(db, user) == before
    assert rows_about(other, user) == {"public.accounts": 1}
    assert db.value("select cell_state from private.accounts where id = %s", user) is None
    assert db.rows("select from private.cell_moves") == []


STEPS = ("frozen", "copied", "redirected", "arrived", "departed", "cleared")


@pytest.mark.parametrize("killed", [(step, is_noted) for step in STEPS for is_noted in (0, 1)])
def test_a_killed_move_goes_on(db, other, mover, killed: tuple[str, int]):
    killed_at, is_noted = killed

    class Mortal(Move):
        def _record(self, step: str):
            if step == killed_at and not is_noted:
                raise KilledError
            row = super()._record(step)
            if step == killed_at:
                raise KilledError
            return row

    user = make_known(db, "user_alice")
    fill(db, user)
    make_webhook(other, make_known(other, "user_carol"))
    before = contents(db, user)
    with pytest.raises(KilledError):
        move(mover, user, "b", Mortal)
    # Never two cells that would write for it.
    states = [each.rows(STATE, user) for each in (db, other)]
    assert states.count([{"cell_state": None}]) <= 1
    move(mover, user, "b")
    assert contents(other, user) == before
    assert rows_about(db, user) == {"public.accounts": 1}
    assert [each.rows(STATE, user) for each in (db, other)] == [
        [{"cell_state": "moved"}],
        [{"cell_state": None}],
    ]
    assert len(claim_all(other)) == 2
    assert claim_all(db) == []


STATE = "select cell_state from private.accounts where id = %s"


def claim_all(db: Database):
    with db.as_worker() as worker:
        return worker.rows("select kind, job_id, attempt from private.claim('ingestion', 10, 30)")


def request(db: Database, user: uuid.UUID, method: str, query: str, **claims: object):
    with db.as_user(user, **claims) as owner:
        owner.execute(
            "select set_config('request.method', %s, true), set_config('request.path', '/products',"
            " true)",
            method,
        )
        owner.execute("select private.before_request()")
        return owner.rows(query)


RENAME = "update public.products set name = 'Mug' where true returning id"
READ = "select id from public.products"


def stopped_after(step: str) -> type[Move]:
    class Stopped(Move):
        def _record(self, done: str):
            row = super()._record(done)
            if done == step:
                raise KilledError
            return row

    return Stopped


def test_a_moving_account_is_read_only_and_a_moved_one_is_refused(edge: Edge, db, other, mover):
    user = make_known(db, "user_alice")
    make_product(db, user)
    with pytest.raises(KilledError):
        move(mover, user, "b", stopped_after("copied"))
    assert len(request(db, user, "GET", READ)) == 1
    with pytest.raises(psycopg.Error, match="account_moving"):
        request(db, user, "PATCH", RENAME)
    # A person may sign in to read.
    assert edge.session().json["api_url"] == "https://a.example.test"
    move(mover, user, "b")
    for method in ("GET", "PATCH"):
        with pytest.raises(psycopg.Error, match="account_moved"):
            request(db, user, method, READ)
    # The other cell takes its own tokens only.
    with pytest.raises(psycopg.Error, match="invalid_token"):
        request(other, user, "GET", READ)
    assert len(request(other, user, "PATCH", RENAME, aud="cell_b")) == 1
    with pytest.raises(psycopg.Error, match="invalid_token"):
        request(db, user, "GET", READ, aud="cell_b")


def test_a_request_that_writes_is_waited_for(db, other, mover):
    user = make_known(db, "user_alice")
    make_product(db, user)
    with db._request("authenticated", user_claims(user)) as owner:
        owner.execute("select set_config('request.method', 'PATCH', true)")
        owner.execute("select private.before_request()")
        moving = in_background(lambda: move(mover, user, "b"))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not db.rows(WAITING):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert owner.execute(RENAME) == 1
    moving.result(PATIENCE_SECONDS)
    assert other.value("select name from public.products") == "Mug"


WAITING = (
    "select from pg_stat_activity where wait_event = 'advisory' and datname = current_database()"
)


def test_a_running_job_is_fenced_and_runs_again_once(db, other, mover):
    user = make_known(db, "user_alice")
    make_product(db, user)
    with db.as_worker() as worker:
        job = worker.row("select * from private.claim('ingestion', 1, 30)")
    move(mover, user, "b")
    with db.as_worker() as worker:
        assert (
            worker.value("select private.complete(%s, %s)", job["msg_id"], job["read_ct"]) is None
        )
    [again] = claim_all(other)
    assert (again["job_id"], again["attempt"]) == (job["job_id"], 1)
    assert claim_all(db) == claim_all(other) == []


def subscribed(fake: FakeStripe, customer: str = "cus_1"):
    return fake.emit("customer.subscription.updated", {"id": "sub_1", "customer": customer})


def test_stripes_events_find_the_cell(edge: Edge, db, other, mover):
    fake = FakeStripe(now=lambda: NOW)
    user = make_known(db, "user_alice")
    db.execute(
        "insert into private.stripe_customers (user_id, customer_id) values (%s, 'cus_1')", user
    )
    before, meanwhile, after = subscribed(fake), subscribed(fake), subscribed(fake)
    assert edge.deliver(before).status_code == 200
    with pytest.raises(KilledError):
        move(mover, user, "b", stopped_after("copied"))
    refused = edge.deliver(meanwhile)
    assert (refused.status_code, refused.json["code"]) == (503, "account_moving")
    assert refused.headers["Retry-After"] == "2"
    move(mover, user, "b")
    assert edge.deliver(before).json["duplicate"] is True
    assert edge.deliver(meanwhile).json["duplicate"] is False
    assert edge.deliver(after).status_code == 200
    events = "select id from private.stripe_events order by received_at"
    assert db.rows(events) == []
    assert [row["id"] for row in other.rows(events)] == [
        event["id"] for event in (before, meanwhile, after)
    ]
    # One job for each: also for the one that had not been handled in the old cell.
    jobs = other.rows("select key from private.live_jobs where kind = 'sync_customer'")
    assert {row["key"] for row in jobs} == {each["id"] for each in (before, meanwhile, after)}
    stranger = subscribed(fake, "cus_stranger")
    assert edge.deliver(stranger).status_code == 200
    assert [row["id"] for row in db.rows(events)] == [stranger["id"]]


def test_clerks_events_find_the_cell(edge: Edge, db, other, mover):
    known = make_known(db, "user_alice")
    account(edge, "user_bob")
    gone = {"type": "user.deleted", "data": {"id": "user_bob"}}
    assert edge.tell(gone).json == {"received": True, "duplicate": False}
    assert edge.tell(gone).json["duplicate"] is True
    answer = edge.session("user_bob")
    assert (answer.status_code, answer.json["code"]) == (403, "account_deleted")
    # Of somebody who is about to leave: refused, and Clerk repeats it.
    with pytest.raises(KilledError):
        move(mover, known, "b", stopped_after("copied"))
    gone = {"type": "user.deleted", "data": {"id": "user_alice"}}
    answer = edge.tell(gone, message_id="msg_2")
    assert (answer.status_code, answer.json["code"]) == (423, "account_moving")
    move(mover, known, "b")
    assert edge.tell(gone, message_id="msg_2").status_code == 200
    assert edge.session().json["code"] == "account_deleted"
    assert other.value("select deleted_at is not null from private.accounts where id = %s", known)


def test_an_api_key_and_its_token_move_with_the_account(edge: Edge, db, other, mover):
    user = make_known(db, "user_alice")
    key = {"Authorization": f"Bearer {make_api_key(db, user)['secret']}"}
    assert audience(edge.client.post("/auth/session", headers=key)) == "authenticated"
    move(mover, user, "b")
    answer = edge.client.post("/auth/session", headers=key)
    assert (answer.json["api_url"], audience(answer)) == ("https://b.example.test", "cell_b")
    unknown = {"Authorization": "Bearer cck_" + "0" * 64}
    assert edge.client.post("/auth/session", headers=unknown).status_code == 401


def test_the_edge_refuses_a_token_from_before_the_move(edge: Edge, db, other, mover):
    user = make_known(db, "user_alice")
    token = edge.session().json["access_token"]
    move(mover, user, "b")
    answer = edge.client.delete("/tiktok/connect", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json["code"]) == (401, "account_moved")
    fresh = edge.session().json["access_token"]
    answer = edge.client.delete("/tiktok/connect", headers={"Authorization": f"Bearer {fresh}"})
    assert answer.status_code == 204


def test_an_organisation_moves_and_its_members_stay(edge: Edge, db, other, mover):
    db.execute("update private.cells set has_room = (id = 'a')")
    member = {"o": {"id": "org_acme", "rol": "admin", "slg": "acme"}}
    acme = uuid.UUID(edge.session(**member).json["account"]["id"])
    alice = account(edge)
    move(mover, acme, "b")
    answer = edge.session(**member)
    assert answer.json["account"]["id"] == str(acme)
    assert audience(answer) == "cell_b"
    assert audience(edge.session()) == "authenticated"
    rows = other.rows("select user_id, person_id from private.memberships")
    assert rows == [{"user_id": acme, "person_id": alice}]
    # A member who loses the membership loses it in the new cell.
    edge.tell(
        {
            "type": "organizationMembership.deleted",
            "data": {
                "organization": {"id": "org_acme"},
                "public_user_data": {"user_id": "user_alice"},
            },
        }
    )
    assert edge.session(**member).status_code == 401
    # The person moves, too: its membership stays where the organisation is.
    move(mover, alice, "b")
    assert audience(edge.session()) == "cell_b"


def test_the_directory_is_for_the_edge_and_the_mover_alone(db, mover):
    for role in ("anon", "authenticated", "service_role"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), db.acting_as(role) as caller:
            caller.rows("select * from private.cells")
    with db.connect("mover") as login:
        for query in (
            "select * from public.accounts",
            "select * from private.cells",
            "select private.erase_account(gen_random_uuid())",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                login.execute(query)


def test_nobody_is_overwritten(db, other, mover):
    """The directory says that the account lives in a; b knows better."""
    user = make_known(db, "user_alice")
    other.make_accounts(user)
    make_product(other, user)
    with pytest.raises(psycopg.Error, match="lives here"):
        move(mover, user, "b")
    assert len(other.rows("select from public.products")) == 1


@pytest.mark.parametrize("done", ["clear_account", "settle_account"])
def test_a_killed_abort_does_not_let_the_move_go_on(db, other, mover, done: str):
    """The account lives in the old cell again. The command without --abort begins anew."""
    user = make_known(db, "user_alice")
    make_product(db, user)
    before = contents(db, user)
    with pytest.raises(KilledError):
        move(mover, user, "b", stopped_after("copied"))

    class Mortal:
        """A connection that dies after one statement."""

        def __init__(self, connection):
            self._connection = connection

        def execute(self, query: str, *rest):
            answer = self._connection.execute(query, *rest)
            if done in query:
                raise KilledError
            return answer

    with cells_move.begun(mover, user, "b", lambda _: None) as (begun, _):
        begun._source, begun._target = Mortal(begun._source), Mortal(begun._target)
        with pytest.raises(KilledError):
            begun.abort()
    move(mover, user, "b")
    assert contents(other, user) == before
    assert rows_about(db, user) == {"public.accounts": 1}
    assert db.value(STATE, user) == "moved"


def test_an_organisation_that_moved_is_erased_in_its_old_cell_too(edge: Edge, db, other, mover):
    db.execute("update private.cells set has_room = (id = 'a')")
    acme = edge.session(o={"id": "org_acme", "rol": "admin", "slg": "acme"}).json["account"]["id"]
    move(mover, uuid.UUID(acme), "b")
    edge.tell({"type": "organization.deleted", "data": {"id": "org_acme"}})
    for cell in (db, other):
        assert cell.rows("select name from public.accounts where id = %s", acme) == []


def test_a_deletion_beside_a_move_to_the_first_cell_waits_for_it(edge: Edge, db, other, mover):
    user = account(edge)
    make_product(other, user)
    with pytest.raises(KilledError):
        move(mover, user, "a", stopped_after("frozen"))
    gone = {"type": "user.deleted", "data": {"id": "user_alice"}}
    assert edge.tell(gone).status_code == 423
    move(mover, user, "a")
    assert edge.tell(gone).status_code == 200
    assert edge.session().json["code"] == "account_deleted"


def test_a_cell_takes_rows_of_the_arriving_account_alone(db, other, mover):
    mallory, bob = make_known(db, "user_mallory"), make_known(other, "user_bob")
    fill(db, mallory)
    hook = make_webhook(other, bob)
    with pytest.raises(KilledError):
        move(mover, mallory, "b", stopped_after("copied"))
    planted = (
        ("private.endpoint_secrets", {"endpoint_id": str(hook["id"])}),
        ("public.jobs", {"user_id": None}),
        ("private.live_jobs", {"tenant": "system"}),
    )
    for name, changes in planted:
        row = db.rows("select private.cell_rows(%s, %s) as row", mallory, name)[0]["row"]
        with other.connect("mover") as login, pytest.raises(psycopg.Error, match="no such rows"):
            login.execute(
                "select private.receive_rows(%s, %s, %s::jsonb)",
                (mallory, name, json.dumps([row | changes])),
            )


def test_a_key_that_is_revoked_in_the_new_cell_opens_nothing(edge: Edge, db, other, mover):
    """The mover dies after the arrival: the old cell has not heard of it yet."""
    user = make_known(db, "user_alice")
    key = make_api_key(db, user)
    header = {"Authorization": f"Bearer {key['secret']}"}
    assert edge.client.post("/auth/session", headers=header).status_code == 200
    with pytest.raises(KilledError):
        move(mover, user, "b", stopped_after("arrived"))
    assert audience(edge.client.post("/auth/session", headers=header)) == "cell_b"
    other.execute("update public.api_keys set revoked_at = now() where id = %s", key["id"])
    assert edge.client.post("/auth/session", headers=header).status_code == 401
