"""Checking scripts: each answer, its places, whose rules apply, and the guard of final scripts."""

from __future__ import annotations

import uuid
from typing import Any

import psycopg
import pytest

from tests.database import Database, Row, make_product, make_user
from tests.rules import banned, make_rule, make_script, refusal, rule

CHECK = "select * from public.check_compliance(content => %s)"
WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in "miracle")
BOLD = "".join(chr(ord(letter) - ord("a") + 0x1D41A) for letter in "miracle")
STRUCK = "".join(letter + "\u0336" for letter in "miracle")
PAID = {"applies_when": {"paid_partnership": True}}


def check(db: Database, user: uuid.UUID, content: str) -> list[Row]:
    with db.as_user(user) as owner:
        return owner.rows(CHECK, content)


def judge(db: Database, definition: dict[str, Any], content: str) -> tuple[str, list[str]]:
    """The status, and the pieces that a browser would highlight."""
    user = make_user(db)
    make_rule(db, user, "rule", definition)
    [row] = check(db, user, content)
    units = content.encode("utf-16-le")
    pieces = [units[2 * s["start"] : 2 * s["end"]].decode("utf-16-le") for s in row["spans"]]
    return row["status"], pieces


def test_a_broken_rule_says_everything(db: Database) -> None:
    user = make_user(db)
    made = make_rule(
        db,
        user,
        "No miracles",
        banned("miracle") | {"message": "Promise less.", "suggestion": "Say what it does."},
    )
    assert check(db, user, "A m1racle!") == [
        {
            "rule_id": made["id"],
            "rule_name": "No miracles",
            "kind": "banned_phrase",
            "severity": "error",
            "status": "fail",
            "spans": [{"field": "body", "start": 2, "end": 9}],
            "message": "Promise less.",
            "suggestion": "Say what it does.",
        }
    ]


def test_a_kept_rule_says_nothing_more(db: Database) -> None:
    user = make_user(db)
    made = make_rule(db, user, "No miracles", banned("miracle") | {"message": "Promise less."})
    assert check(db, user, "A lamp.") == [
        {
            "rule_id": made["id"],
            "rule_name": "No miracles",
            "kind": "banned_phrase",
            "severity": "error",
            "status": "pass",
            "spans": [],
            "message": None,
            "suggestion": None,
        }
    ]


def test_errors_come_first_then_names_in_order(db: Database) -> None:
    user = make_user(db)
    for name, severity in (("b", "info"), ("a", "warning"), ("d", "error"), ("c", "error")):
        make_rule(db, user, name, banned("miracle", severity=severity))
    assert [row["rule_name"] for row in check(db, user, "A lamp.")] == ["c", "d", "a", "b"]


def test_only_enabled_rules_of_the_caller_apply(db: Database) -> None:
    user = make_user(db)
    make_rule(db, make_user(db), "Not mine", banned("lamp"))
    off = make_rule(db, user, "Off", banned("lamp"))
    with db.as_user(user) as owner:
        owner.execute("update public.brand_rules set enabled = false where id = %s", off["id"])
    assert check(db, user, "A lamp.") == []


@pytest.mark.parametrize(
    ("content", "piece"),
    [
        ("🔥🔥 a MIRACLE 🔥", "MIRACLE"),
        ("👨‍👩‍👧 a mi\u200bracle", "mi\u200bracle"),
        ("“ﬁne” … " + WIDE, WIDE),
        (BOLD + " " + BOLD[0], BOLD),
        ("cafe\u0301 " + STRUCK + "!", STRUCK),
        ("é m i r a c l e", "m i r a c l e"),
    ],
)
def test_places_are_what_javascript_slices(db: Database, content: str, piece: str) -> None:
    assert judge(db, banned("miracle"), content) == ("fail", [piece])


TONE = {"kind": "tone", "params": {"target": "friendly"}}
LAMP = {"kind": "required_mention", "params": {"any_of": ["lamp"]}}
JUDGED: list[tuple[dict[str, Any], str, str, list[str]]] = [
    (rule("max_length", unit="chars", max=4), "12345678", "fail", ["5678"]),
    (rule("max_length", unit="words", max=2), "one two three four", "fail", ["three four"]),
    (rule("max_length", unit="words", max=2), "a - b - “c” d", "fail", ["“c” d"]),
    (rule("max_length", unit="words", min=3), "one two", "fail", []),
    (rule("regex", pattern=r"\d+"), "a 12 b 345", "fail", ["12", "345"]),
    (rule("regex", pattern="^x"), "ax", "pass", []),
    (rule("substitution", map={"cheap": "affordable"}), "So cheap", "fail", ["cheap"]),
    (rule("disclosure"), "#sp look", "fail", ["#sp"]),
    (rule("disclosure"), "#ad look", "pass", []),
    (rule("disclosure") | PAID, "look", "needs_review", []),
    (rule("emoji", max=1), "🔥 👨‍👩‍👧 ❤️", "fail", ["👨‍👩‍👧", "❤️"]),
    (rule("hashtags", max=1), "#a #b #c", "fail", ["#b", "#c"]),
    (rule("hashtags", forbidden=["b"]), "#a " * 30 + "é #b", "fail", ["#b"]),
    (rule("emoji", forbidden=["💊"]), "🔥" * 30 + "💊", "fail", ["💊"]),
    (rule("hashtags", required=["ad"]), "#a", "fail", []),
    (
        rule("testimonial", policy="forbid_fabricated_first_person"),
        "I tried it",
        "needs_review",
        ["I tried"],
    ),
    (rule("price_match"), "Only $12.99.", "needs_review", ["$12.99"]),
    (rule("price_match"), "A lamp.", "not_applicable", []),
    (rule("tone", target="friendly"), "A lamp.", "needs_review", []),
    (rule("rubric", text="Is it kind?"), "A lamp.", "needs_review", []),
    (rule("claim", category="health", policy="substantiate"), "It cures", "fail", ["cures"]),
    (
        rule("claim", category="health", policy="substantiate", substantiation_refs=["study"]),
        "It cures",
        "pass",
        [],
    ),
    (
        rule("claim", category="health", policy="disclaim", disclaimer="Not medical advice"),
        "It cures. not medical advice.",
        "pass",
        [],
    ),
    (
        rule("competitor_mention", names=["Lumio"], policy="review"),
        "Lumio",
        "needs_review",
        ["Lumio"],
    ),
    (rule("cta", position="start"), "Lamp. " * 40 + "Shop now", "fail", ["Shop now"]),
    (rule("reading_level", max=5), "这个台灯", "not_applicable", []),
    (banned("miracle") | {"scope": ["body"]}, "miracle", "fail", ["miracle"]),
    (rule("not", rules=[TONE]), "A lamp.", "needs_review", []),
    (rule("all_of", rules=[TONE, LAMP]), "A chair.", "fail", []),
    (rule("all_of", rules=[TONE, LAMP]), "A lamp.", "needs_review", []),
    (rule("any_of", rules=[TONE, LAMP]), "A lamp.", "pass", []),
    (rule("any_of", rules=[TONE, LAMP]), "A chair.", "needs_review", []),
]


def test_each_kind_answers_with_status_and_places(db: Database) -> None:
    judged = [(d, text, *judge(db, d, text)) for d, text, _, _ in JUDGED]
    assert judged == JUDGED


@pytest.mark.parametrize(
    ("content", "data"),
    [
        (None, {"reason": "missing"}),
        ("", {"reason": "missing"}),
        ("x" * 10_001, {"reason": "too_long", "max": 10_000}),
        ("[1]", {"reason": "not_text"}),
    ],
)
def test_what_is_no_script_is_refused(
    db: Database, content: str | None, data: dict[str, object]
) -> None:
    answer = refusal(db, make_user(db), CHECK, content)
    assert (answer["status"], answer["code"]) == (422, "invalid_script")
    assert answer["details"] == {"field": "content"} | data


def test_anonymous_may_not_check(db: Database) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for function"),
        db.acting_as("anon") as anon,
    ):
        anon.rows(CHECK, "A lamp.")


def test_the_worker_checks_for_an_account(db: Database) -> None:
    user = make_user(db)
    make_rule(db, user, "No miracles", banned("miracle"))
    with db.as_worker() as worker:
        rows = worker.rows("select * from private.check_script(%s, %s, null)", user, "A m1racle!")
    assert rows == check(db, user, "A m1racle!")


def test_a_script_that_breaks_an_error_rule_cannot_be_final(db: Database) -> None:
    product = make_product(db, make_user(db))
    made = make_rule(db, product["user_id"], "No miracles", banned("miracle"))
    script = make_script(db, product, "A m1racle!")
    update = "update public.scripts set status = 'final' where id = %s"
    assert refusal(db, product["user_id"], update, script["id"]) == {
        "status": 422,
        "code": "script_not_compliant",
        "message": "This script can't be final: it breaks “No miracles”.",
        "details": {
            "rules": [
                {
                    "rule_id": str(made["id"]),
                    "rule_name": "No miracles",
                    "message": "Don't say “m1racle”.",
                    "spans": [{"field": "body", "start": 2, "end": 9}],
                }
            ]
        },
    }


def test_no_final_script_is_inserted_or_edited_past_the_rules(db: Database) -> None:
    product = make_product(db, make_user(db))
    make_rule(db, product["user_id"], "No miracles", banned("miracle"))
    insert = "insert into public.scripts (product_id, content, status) values (%s, %s, 'final')"
    answer = refusal(db, product["user_id"], insert, product["id"], "A miracle!")
    assert answer["code"] == "script_not_compliant"
    script = make_script(db, product, "A lamp.", status="final")
    update = "update public.scripts set content = 'A miracle!' where id = %s"
    answer = refusal(db, product["user_id"], update, script["id"])
    assert answer["code"] == "script_not_compliant"


@pytest.mark.parametrize(
    "definition", [banned("miracle", severity="warning"), banned("miracle") | PAID]
)
def test_less_than_a_broken_error_rule_stops_nothing(
    db: Database, definition: dict[str, Any]
) -> None:
    product = make_product(db, make_user(db))
    make_rule(db, product["user_id"], "No miracles", definition)
    assert make_script(db, product, "A miracle!", status="final")["status"] == "final"


def test_a_final_script_stays_final_when_a_rule_is_added(db: Database) -> None:
    product = make_product(db, make_user(db))
    script = make_script(db, product, "A miracle!", status="final")
    make_rule(db, product["user_id"], "No miracles", banned("miracle"))
    with db.as_user(product["user_id"]) as owner:
        renamed = owner.row(
            "update public.scripts set title = 'Lamp' where id = %s returning title, status",
            script["id"],
        )
    assert renamed == {"title": "Lamp", "status": "final"}
