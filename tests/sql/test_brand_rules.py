"""Brand rules: who sees and writes them, and what plain mistakes are answered with."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database import Database, make_user
from tests.rules import banned, make_rule, refusal

INSERT = "insert into public.brand_rules (rule_name, rule_definition) values (%s, %s)"


def test_owner_reads_what_they_wrote(db: Database) -> None:
    user = make_user(db)
    rule = make_rule(db, user, "No miracles", banned("miracle"))
    with db.as_user(user) as owner:
        assert owner.row("select * from public.brand_rules") == rule
    assert (rule["user_id"], rule["rule_name"], rule["severity"], rule["enabled"]) == (
        user,
        "No miracles",
        "error",
        True,
    )


def test_severity_follows_the_definition(db: Database) -> None:
    user = make_user(db)
    made = make_rule(db, user, "No miracles", banned("miracle"))
    with db.as_user(user) as owner:
        changed = Jsonb(banned("miracle", severity="info"))
        update = "update public.brand_rules set rule_definition = %s where id = %s"
        owner.execute(update, changed, made["id"])
        assert owner.value("select severity from public.brand_rules") == "info"


def test_other_users_see_and_change_nothing(db: Database) -> None:
    make_rule(db, make_user(db), "No miracles", banned("miracle"))
    any_row = "where id is not null"
    with db.as_user(make_user(db)) as other:
        assert other.rows("select * from public.brand_rules") == []
        assert other.execute(f"update public.brand_rules set enabled = false {any_row}") == 0
        assert other.execute(f"delete from public.brand_rules {any_row}") == 0


def test_nobody_writes_a_rule_for_another_account(db: Database) -> None:
    query = "insert into public.brand_rules (user_id, rule_name, rule_definition) values (%s,%s,%s)"
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
        db.as_user(make_user(db)) as other,
    ):
        other.execute(query, make_user(db), "No miracles", Jsonb(banned("miracle")))


def test_nobody_gives_a_rule_away(db: Database) -> None:
    user = make_user(db)
    made = make_rule(db, user, "No miracles", banned("miracle"))
    update = "update public.brand_rules set user_id = %s where id = %s"
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
        db.as_user(user) as owner,
    ):
        owner.execute(update, make_user(db), made["id"])


@pytest.mark.parametrize("verb", ["select * from", "delete from"])
def test_anonymous_has_no_access(db: Database, verb: str) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for table"),
        db.acting_as("anon") as anon,
    ):
        anon.execute(f"{verb} public.brand_rules where id is not null")


@pytest.mark.parametrize(
    ("name", "sentence", "data"),
    [
        (None, "The rule's name is missing or empty.", {"reason": "missing"}),
        ("", "The rule's name is missing or empty.", {"reason": "missing"}),
        (" \u200b\n", "The rule's name is missing or empty.", {"reason": "missing"}),
        (
            "x" * 121,
            "The rule's name is longer than 120 characters.",
            {"reason": "too_long", "max": 120},
        ),
        ('{"x": 1}', "The rule's name must be text.", {"reason": "not_text"}),
    ],
)
def test_a_bad_name_is_answered_with_a_sentence(
    db: Database, name: str | None, sentence: str, data: dict[str, object]
) -> None:
    assert refusal(db, make_user(db), INSERT, name, Jsonb(banned("miracle"))) == {
        "status": 422,
        "code": "invalid_rule",
        "message": sentence,
        "details": {"field": "rule_name"} | data,
    }


def test_a_second_rule_of_the_same_name_is_refused(db: Database) -> None:
    user = make_user(db)
    make_rule(db, user, "No miracles", banned("miracle"))
    assert refusal(db, user, INSERT, "No miracles ", Jsonb(banned("wonder"))) == {
        "status": 409,
        "code": "already_exists",
        "message": "You already have a rule named “No miracles”.",
        "details": {"field": "rule_name"},
    }


def test_two_users_may_use_the_same_name(db: Database) -> None:
    first = make_rule(db, make_user(db), "No miracles", banned("miracle"))
    second = make_rule(db, make_user(db), "No miracles", banned("miracle"))
    assert first["id"] != second["id"]


def test_renaming_to_a_taken_name_is_refused(db: Database) -> None:
    user = make_user(db)
    make_rule(db, user, "No miracles", banned("miracle"))
    make_rule(db, user, "No wonders", banned("wonder"))
    answer = refusal(
        db,
        user,
        "update public.brand_rules set rule_name = 'No miracles' where rule_name = %s",
        "No wonders",
    )
    assert (answer["status"], answer["code"]) == (409, "already_exists")


def test_an_upsert_replaces_the_definition(db: Database) -> None:
    user = make_user(db)
    make_rule(db, user, "No miracles", banned("miracle"))
    with db.as_user(user) as owner:
        owner.execute(
            "select set_config('request.headers', %s, true)",
            '{"prefer": "resolution=merge-duplicates,return=representation"}',
        )
        owner.execute(
            INSERT + " on conflict (user_id, rule_name)"
            " do update set rule_definition = excluded.rule_definition",
            *("No miracles", Jsonb(banned("marvel", severity="warning"))),
        )
        rows = owner.rows("select rule_definition -> 'params', severity from public.brand_rules")
    assert [tuple(row.values()) for row in rows] == [({"terms": ["marvel"]}, "warning")]
