"""Who wrote a row, and the audit trail: in the change's transaction, and gone with an erasure."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from tests.database import Database, Row, Session, make_product, make_user
from tests.erasure import finish_erasures
from tests.rows import make_subscription
from tests.rules import banned, make_rule, make_script
from tests.sql.test_isolation import acting
from tests.sql.test_organisations import ENTER, make_organisation

ADD = "insert into public.products (name, source_url) values (%s, 'https://a.example') returning *"
SIGNED = ("products", "brand_rules", "scripts", "script_versions")
EVENTS = """
select actor, action, target_kind, changes from public.audit_events
where user_id = %s and target_kind <> 'membership' order by created_at, action, target_kind
"""


def act(db: Database, organisation: uuid.UUID, person: uuid.UUID, query: str, *values: object):
    with db.as_user(organisation, **acting(person, "editor")) as member:
        cursor = member.connection.execute(query, values or None)
        return cursor.fetchall() if cursor.description else []


def event(actor: uuid.UUID | None, action: str, kind: str, *changes: str) -> Row:
    return {"actor": actor, "action": action, "target_kind": kind, "changes": list(changes)}


def test_a_row_names_the_persons_who_added_and_changed_it(db: Database) -> None:
    organisation, alice, bob = make_organisation(db), make_user(db), make_user(db)
    [product] = act(db, organisation, alice, ADD, "Mug")
    assert (product["created_by"], product["updated_by"]) == (alice, alice)
    script = make_script(db, product)
    change = "update public.scripts set content = %s where id = %s returning *"
    for person, text in ((alice, "First."), (bob, "Second.")):
        [script] = act(db, organisation, person, change, text, script["id"])
    assert (script["created_by"], script["updated_by"]) == (organisation, bob)
    # Each version names who wrote its text.
    version = db.row("select created_by from public.script_versions where content = 'First.'")
    assert version == {"created_by": alice}
    own = make_product(db, alice)
    assert (own["created_by"], own["updated_by"]) == (alice, alice)


def test_a_worker_changes_no_author(db: Database) -> None:
    product = make_product(db, make_user(db))
    db.execute("update public.products set last_analyzed_at = now()")
    row = db.row("select * from public.products")
    assert (row["created_by"], row["updated_by"]) == (product["user_id"], product["user_id"])


@pytest.mark.parametrize("table", ["products", "brand_rules", "scripts"])
@pytest.mark.parametrize("column", ["created_by", "updated_by"])
def test_nobody_writes_an_author(db: Database, table: str, column: str) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        db.as_user(make_user(db)) as user,
    ):
        user.execute(f"update public.{table} set {column} = null where true")


def test_a_change_and_its_event_are_one_transaction(db: Database) -> None:
    organisation, alice = make_organisation(db), make_user(db)
    [product] = act(db, organisation, alice, ADD, "Mug")
    change = "update public.products set name = %s where id = %s"
    with db.as_user(organisation, **acting(alice, "editor")) as member:
        member.execute(change, "Cup", product["id"])
        member.execute(change, "Cup", product["id"])  # changes nothing
    with db.as_user(organisation, **acting(alice, "editor")) as member:
        member.execute(change, "Bowl", product["id"])
        member.connection.execute("rollback; begin")
    make_rule(db, organisation, "No cure", banned("cure"))
    make_subscription(db, organisation)
    db.execute("update public.subscriptions set status = 'past_due', plan = 'agency'")
    act(db, organisation, alice, "delete from public.products where id = %s", product["id"])
    # make_rule acts as the organisation itself.
    assert db.rows(EVENTS, organisation) == [
        event(alice, "insert", "product"),
        event(alice, "update", "product", "name"),
        event(organisation, "insert", "brand_rule"),
        event(None, "insert", "subscription"),
        event(None, "update", "subscription", "plan", "status"),
        event(alice, "delete", "product"),
    ]


def test_an_analysis_leaves_no_event_and_a_cascade_none_of_its_own(db: Database) -> None:
    product = make_product(db, make_user(db))
    make_script(db, product)
    db.execute("update public.products set last_analyzed_at = now()")
    db.execute("delete from public.products")
    seen = db.rows(EVENTS, product["user_id"])
    assert [(row["action"], row["target_kind"]) for row in seen] == [
        ("insert", "product"), ("insert", "script"), ("delete", "product"),
    ]  # fmt: skip


def test_memberships_and_exports_are_in_the_trail(db: Database) -> None:
    organisation, alice = make_organisation(db), make_user(db)
    for role in ("viewer", "viewer", "admin"):
        db.execute(ENTER, organisation, alice, role, 1_795_000_000)
    db.execute("select private.revoke_sessions(%s, %s, now(), true)", organisation, alice)
    with db.as_user(organisation, **acting(alice, "admin")) as admin:
        admin.execute("select public.export_account()")
        seen = admin.rows(
            "select actor, action, target_kind, changes from public.audit_events"
            " order by created_at, id"
        )
    assert sorted(seen, key=str) == sorted(
        [
            event(alice, "insert", "membership"),
            event(alice, "update", "membership", "role"),
            event(None, "update", "membership", "removed_at"),
            event(alice, "export", "account"),
        ],
        key=str,
    )


def test_only_admins_export(db: Database) -> None:
    organisation, alice = make_organisation(db), make_user(db)
    with pytest.raises(psycopg.Error, match="role_not_allowed"):
        act(db, organisation, alice, "select public.export_account()")


def named(session: Session, person: uuid.UUID) -> int:
    """How often rows of an organisation name a person."""
    columns = [(table, "created_by") for table in SIGNED]
    columns += [(table, "updated_by") for table in SIGNED[:3]]
    columns += [("audit_events", "actor"), ("audit_events", "target_id")]
    return sum(
        session.value(f"select count(*) from public.{table} where {column} = %s", person)
        for table, column in columns
    )


def test_an_erased_person_is_taken_out_of_the_organisations_rows_in_batches(db: Database) -> None:
    organisation, alice = make_organisation(db), make_user(db)
    db.execute(ENTER, organisation, alice, "editor", 1_795_000_000)
    [product] = act(db, organisation, alice, ADD, "Mug")
    act(
        db, organisation, alice,
        "insert into public.scripts (user_id, product_id, content)"
        " select %s, %s, 'Look.' from generate_series(1, 40) returning id",
        organisation, product["id"],
    )  # fmt: skip
    act(db, organisation, alice, "update public.scripts set content = 'Now.' where true")
    kept = db.rows("select id, updated_at, content from public.scripts order by id")
    assert named(db, alice) > 150
    with db.as_user(alice) as person:
        person.execute("select public.delete_account()")
    assert finish_erasures(db, 30) >= 1
    assert named(db, alice) == 0
    assert db.rows("select id, updated_at, content from public.scripts order by id") == kept
    assert db.value("select private.is_erased(%s)", organisation) is False
    assert db.value("select emptied_at is not null from private.accounts where id = %s", alice)


def test_a_batch_of_forgetting_is_bounded_and_waits_for_nobody(db: Database) -> None:
    organisation, alice = make_organisation(db), make_user(db)
    db.execute("update public.plans set max_products = 7")
    for number in range(7):
        act(db, organisation, alice, ADD, f"Mug {number}")
    forget = "select private.forget_person(%s, 3)"
    with db.connect("postgres") as holder:
        holder.execute("begin; select from public.products for update")
        db.execute("set lock_timeout = '1ms'")
        assert db.value(forget, alice) == 0
    sizes = []
    while (size := db.value(forget, alice)) is not None:
        sizes.append(size)
    # Seven who added, seven who changed, seven events.
    assert sizes == [3, 3, 1] * 3


def test_an_erased_organisation_leaves_no_trail(db: Database) -> None:
    organisation, alice = make_organisation(db), make_user(db)
    act(db, organisation, alice, ADD, "Mug")
    with db.as_user(organisation, **acting(alice, "admin")) as admin:
        admin.execute("select public.delete_account()")
    finish_erasures(db)
    assert db.rows("select from public.audit_events") == []
