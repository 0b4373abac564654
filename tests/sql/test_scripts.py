"""Scripts: who sees and writes them, plain mistakes, earlier texts and how one comes back."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest

from tests.database import Database, Session, make_product, make_user
from tests.patience import PATIENCE_SECONDS
from tests.rules import make_script, refusal

INSERT = "insert into public.scripts (product_id, content) values (%s, %s)"
CHANGE = "update public.scripts set content = %s where id = %s"


def versions(session: Session) -> list[tuple[int, str]]:
    query = "select version, content from public.script_versions order by version"
    return [(row["version"], row["content"]) for row in session.rows(query)]


def test_owner_reads_what_they_wrote(db: Database) -> None:
    product = make_product(db, make_user(db))
    script = make_script(db, product, "Look at this lamp.")
    with db.as_user(product["user_id"]) as owner:
        assert owner.row("select * from public.scripts") == script
    expected = {
        "user_id": product["user_id"],
        "product_id": product["id"],
        "job_id": None,
        "title": None,
        "content": "Look at this lamp.",
        "status": "draft",
        "origin": "user",
        "version": 1,
    }
    assert {name: script[name] for name in expected} == expected


def test_other_users_see_and_change_nothing(db: Database) -> None:
    script = make_script(db, make_product(db, make_user(db)))
    with db.as_user(script["user_id"]) as owner:
        owner.execute(CHANGE, "Look again.", script["id"])
    with db.as_user(make_user(db)) as other:
        assert other.rows("select * from public.scripts") == []
        assert other.rows("select * from public.script_versions") == []
        assert (
            other.execute("update public.scripts set content = 'Mine.' where id is not null") == 0
        )
        assert other.execute("delete from public.scripts where id is not null") == 0


@pytest.mark.parametrize("table", ["scripts", "script_versions"])
def test_anonymous_has_no_access(db: Database, table: str) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for table"),
        db.acting_as("anon") as anon,
    ):
        anon.execute(f"select * from public.{table}")


@pytest.mark.parametrize(
    "statement",
    [
        "update public.scripts set origin = 'ai' where id is not null",
        "update public.scripts set version = 7 where id is not null",
        "update public.scripts set product_id = gen_random_uuid() where id is not null",
        "delete from public.script_versions where id is not null",
        "update public.script_versions set content = 'Never said.' where id is not null",
    ],
)
def test_what_the_system_records_cannot_be_written(db: Database, statement: str) -> None:
    script = make_script(db, make_product(db, make_user(db)))
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for table"),
        db.as_user(script["user_id"]) as owner,
    ):
        owner.execute(statement)


def test_a_script_for_another_users_product_is_not_found(db: Database) -> None:
    product = make_product(db, make_user(db))
    expected = {
        "status": 404,
        "code": "not_found",
        "message": "There is no such product.",
        "details": {"field": "product_id"},
    }
    assert refusal(db, make_user(db), INSERT, product["id"], "Look.") == expected
    assert refusal(db, make_user(db), INSERT, uuid.uuid4(), "Look.") == expected


@pytest.mark.parametrize(
    ("content", "sentence", "data"),
    [
        (None, "The script's text is missing or empty.", {"reason": "missing"}),
        ("  ", "The script's text is missing or empty.", {"reason": "missing"}),
        (
            "x" * 10_001,
            "The script's text is longer than 10000 characters.",
            {"reason": "too_long", "max": 10_000},
        ),
        ('["a", "b"]', "The script's text must be text.", {"reason": "not_text"}),
    ],
)
def test_a_bad_text_is_answered_with_a_sentence(
    db: Database, content: str | None, sentence: str, data: dict[str, object]
) -> None:
    product = make_product(db, make_user(db))
    assert refusal(db, product["user_id"], INSERT, product["id"], content) == {
        "status": 422,
        "code": "invalid_script",
        "message": sentence,
        "details": {"field": "content"} | data,
    }


def test_a_text_may_look_like_stage_directions(db: Database) -> None:
    script = make_script(db, make_product(db, make_user(db)), "[Hook] Look! [Cut]")
    assert script["content"] == "[Hook] Look! [Cut]"


def test_a_script_without_a_product_is_refused(db: Database) -> None:
    assert refusal(db, make_user(db), INSERT, None, "Look.") == {
        "status": 422,
        "code": "invalid_script",
        "message": "A script belongs to a product: product_id is missing.",
        "details": {"field": "product_id", "reason": "missing"},
    }


def test_an_unknown_status_is_refused(db: Database) -> None:
    script = make_script(db, make_product(db, make_user(db)))
    update = "update public.scripts set status = 'published' where id = %s"
    assert refusal(db, script["user_id"], update, script["id"]) == {
        "status": 422,
        "code": "invalid_script",
        "message": "A script's status is draft or final.",
        "details": {
            "field": "status",
            "reason": "not_allowed",
            "allowed": ["draft", "final"],
        },
    }


def test_a_replaced_text_is_kept(db: Database) -> None:
    script = make_script(db, make_product(db, make_user(db)), "First.")
    with db.as_user(script["user_id"]) as owner:
        owner.execute(CHANGE, "Second.", script["id"])
        owner.execute("update public.scripts set title = 'Lamp' where id = %s", script["id"])
        owner.execute(CHANGE, "Third.", script["id"])
        # The title took a number of its own.
        assert versions(owner) == [(1, "First."), (3, "Second.")]
        assert owner.value("select version from public.scripts") == 4


def test_an_earlier_text_comes_back_as_a_draft(db: Database) -> None:
    script = make_script(db, make_product(db, make_user(db)), "First.", status="final")
    with db.as_user(script["user_id"]) as owner:
        owner.execute(CHANGE, "Second.", script["id"])
        restored = owner.row(
            "select * from public.restore_script_version(script_id => %s, version => 1)",
            script["id"],
        )
        assert (restored["content"], restored["status"], restored["version"]) == (
            "First.",
            "draft",
            3,
        )
        assert versions(owner) == [(1, "First."), (2, "Second.")]


def test_restoring_what_is_not_there_is_not_found(db: Database) -> None:
    script = make_script(db, make_product(db, make_user(db)), "First.")
    with db.as_user(script["user_id"]) as owner:
        owner.execute(CHANGE, "Second.", script["id"])
    query = "select public.restore_script_version(%s, %s)"
    expected = {
        "status": 404,
        "code": "not_found",
        "message": "This script has no such version.",
        "details": None,
    }
    assert refusal(db, script["user_id"], query, script["id"], 9) == expected
    assert refusal(db, make_user(db), query, script["id"], 1) == expected


def test_the_newest_hundred_earlier_texts_are_kept(db: Database) -> None:
    script = make_script(db, make_product(db, make_user(db)), "0")
    with db.as_user(script["user_id"]) as owner:
        for number in range(1, 104):
            owner.execute(CHANGE, str(number), script["id"])
        kept = [version for version, _ in versions(owner)]
    assert kept == list(range(4, 104))


def test_scripts_go_with_their_product(db: Database) -> None:
    script = make_script(db, make_product(db, make_user(db)), "First.")
    with db.as_user(script["user_id"]) as owner:
        owner.execute(CHANGE, "Second.", script["id"])
        owner.execute("delete from public.products where id = %s", script["product_id"])
        assert owner.rows("select * from public.scripts") == []
        assert versions(owner) == []


def test_two_tabs_that_read_the_same_version_do_not_overwrite_each_other(db: Database) -> None:
    script = make_script(db, make_product(db, make_user(db)), "First.")
    start = Barrier(8)

    def save(number: int) -> int:
        change = ("title = %s", f"Tab {number}") if number % 2 else ("content = %s", f"{number}.")
        with db.as_user(script["user_id"]) as tab:
            start.wait(timeout=PATIENCE_SECONDS)
            query = f"update public.scripts set {change[0]} where id = %s and version = %s"
            return tab.execute(query, change[1], script["id"], script["version"])

    with ThreadPoolExecutor(8) as tabs:
        assert sum(tabs.map(save, range(8))) == 1
    assert db.value("select version from public.scripts") == 2


def test_a_title_raises_the_version_and_keeps_no_text(db: Database) -> None:
    script = make_script(db, make_product(db, make_user(db)), "First.")
    with db.as_user(script["user_id"]) as owner:
        for change in (
            "title = 'Lamp'",
            "title = 'Lamp'",
            "status = 'final'",
            "content = 'Second.'",
        ):
            owner.execute(f"update public.scripts set {change} where id = %s", script["id"])
        assert owner.value("select version from public.scripts") == 3
        assert versions(owner) == [(2, "First.")]
