"""Rules, scripts and the account as a frontend calls them, through real PostgREST."""

from __future__ import annotations

import uuid

import httpx

from tests.database import Database, make_product, make_user, user_claims
from tests.patience import PATIENCE_SECONDS
from tests.postgrest import RunningPostgrest, token
from tests.rules import banned, make_rule, make_script

UPSERT = "/brand_rules?on_conflict=user_id,rule_name&select=rule_name,rule_definition,severity"
MERGE = {"Prefer": "resolution=merge-duplicates,return=representation"}


def call(
    postgrest: RunningPostgrest,
    user: uuid.UUID,
    path: str,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, object]:
    """A GET, or a POST where there is a body: status and JSON."""
    authorization = {"Authorization": f"Bearer {token(user_claims(user))}"}
    answer = httpx.request(
        "GET" if body is None else "POST",
        postgrest.url + path,
        json=body,
        headers=authorization | (headers or {}),
        timeout=PATIENCE_SECONDS,
    )
    return answer.status_code, answer.json() if answer.content else None


def test_an_upsert_replaces_the_rule_of_that_name(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user = make_user(db)
    make_rule(db, user, "No miracles", banned("miracle"))
    body = {"rule_name": "No miracles", "rule_definition": banned("marvel", severity="info")}
    assert call(postgrest, user, UPSERT, body, MERGE) == (200, [body | {"severity": "info"}])


def test_an_upsert_may_name_the_account(db: Database, postgrest: RunningPostgrest) -> None:
    user = make_user(db)
    row = {"rule_name": "No miracles", "rule_definition": banned("miracle")}
    for status in (201, 200):
        answer = call(postgrest, user, UPSERT, row | {"user_id": str(user)}, MERGE)
        assert answer == (status, [row | {"severity": "error"}])


def test_a_duplicate_is_a_conflict_with_a_sentence(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user = make_user(db)
    make_rule(db, user, "No miracles", banned("miracle"))
    body = {"rule_name": "No miracles", "rule_definition": banned("marvel")}
    assert call(postgrest, user, "/brand_rules", body) == (
        409,
        {
            "code": "already_exists",
            "message": "You already have a rule named “No miracles”.",
            "details": '{"field": "rule_name"}',
            "hint": None,
        },
    )


def test_a_mistake_in_a_rule_names_the_field(db: Database, postgrest: RunningPostgrest) -> None:
    body = {"rule_name": "Short", "rule_definition": {"kind": "regex", "severity": "error"}}
    assert call(postgrest, make_user(db), "/brand_rules", body) == (
        422,
        {
            "code": "invalid_rule",
            "message": "The rule's params.pattern is missing.",
            "details": '{"type": "pattern", "field": "params.pattern", "reason": "missing"}',
            "hint": None,
        },
    )


def test_a_script_is_checked_while_one_types(db: Database, postgrest: RunningPostgrest) -> None:
    user = make_user(db)
    made = make_rule(db, user, "No miracles", banned("miracle"))
    answer = call(postgrest, user, "/rpc/check_compliance", {"content": "🔥 m1racle"})
    verdict = {
        "rule_id": str(made["id"]),
        "rule_name": "No miracles",
        "kind": "banned_phrase",
        "severity": "error",
        "status": "fail",
        "spans": [{"field": "body", "start": 3, "end": 10}],
        "message": "Don't say “m1racle”.",
        "suggestion": None,
    }
    assert answer == (200, [verdict])


def test_a_script_that_breaks_a_rule_stays_a_draft(
    db: Database, postgrest: RunningPostgrest
) -> None:
    product = make_product(db, make_user(db))
    make_rule(db, product["user_id"], "No miracles", banned("miracle"))
    body = {"product_id": str(product["id"]), "content": "A miracle!", "status": "final"}
    status, answer = call(postgrest, product["user_id"], "/scripts", body)
    assert isinstance(answer, dict)
    assert (status, answer["code"], answer["message"]) == (
        422,
        "script_not_compliant",
        "This script can't be final: it breaks “No miracles”.",
    )


def test_an_earlier_text_comes_back(db: Database, postgrest: RunningPostgrest) -> None:
    script = make_script(db, make_product(db, make_user(db)), "First.")
    db.execute("update public.scripts set content = 'Second.'")
    body = {"script_id": str(script["id"]), "version": 1}
    status, answer = call(postgrest, script["user_id"], "/rpc/restore_script_version", body)
    assert isinstance(answer, dict)
    assert (status, answer["content"], answer["status"]) == (200, "First.", "draft")


def test_starter_rules_are_adopted_in_one_call(db: Database, postgrest: RunningPostgrest) -> None:
    status, rules = call(postgrest, make_user(db), "/rpc/adopt_starter_rules", {"pack": "tiktok"})
    assert isinstance(rules, list)
    assert (status, {row["rule_name"].partition(":")[0] for row in rules}) == (200, {"TikTok"})


def test_the_account_is_one_object(db: Database, postgrest: RunningPostgrest) -> None:
    status, account = call(postgrest, make_user(db), "/rpc/account")
    assert isinstance(account, dict)
    assert (status, account["plan"], account["usage"], account["subscription"]) == (
        200,
        "free",
        {"products": 0, "analyses": 0, "scripts": 0},
        None,
    )


def test_a_product_is_read_with_what_hangs_on_it(db: Database, postgrest: RunningPostgrest) -> None:
    product = make_product(db, make_user(db))
    path = "/products?select=name,virality_packs(name),analysis_results(type),scripts(title)"
    assert call(postgrest, product["user_id"], path) == (
        200,
        [{"name": product["name"], "virality_packs": [], "analysis_results": [], "scripts": []}],
    )


def test_an_account_cannot_keep_the_database_busy_with_its_rules(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user = make_user(db)
    with db.as_user(user) as owner:
        owner.execute(
            "insert into public.brand_rules (rule_name, rule_definition)"
            " select n::text, jsonb_build_object('kind', 'regex', 'severity', 'error', 'params',"
            " jsonb_build_object('pattern', format('(a|b)*?.{1,%s}', n)))"
            " from generate_series(100, 250) as n"
        )
    # The function's own limit of two seconds, well below the role's eight.
    status, answer = call(postgrest, user, "/rpc/check_compliance", {"content": "a" * 10_000})
    assert isinstance(answer, dict)
    assert (status, answer["code"]) == (500, "57014")


def test_an_account_sent_as_null_is_the_callers(db: Database, postgrest: RunningPostgrest) -> None:
    product = make_product(db, make_user(db))
    user = product["user_id"]
    rule = {"user_id": None, "rule_name": "No miracles", "rule_definition": banned("miracle")}
    script = {"user_id": None, "product_id": str(product["id"]), "content": "A lamp."}
    returned = {"Prefer": "return=representation"}
    for path, row in (("/brand_rules", rule), ("/scripts", script)):
        status, rows = call(postgrest, user, f"{path}?select=user_id", row, returned)
        assert (path, status, rows) == (path, 201, [{"user_id": str(user)}])


def test_a_rule_without_a_definition_says_so(db: Database, postgrest: RunningPostgrest) -> None:
    for body in ({"rule_name": "Empty"}, {"rule_name": "Empty", "rule_definition": None}):
        assert call(postgrest, make_user(db), "/brand_rules", body) == (
            422,
            {
                "code": "invalid_rule",
                "message": "The rule's definition is missing.",
                "details": '{"field": "rule_definition", "reason": "missing"}',
                "hint": None,
            },
        )


def test_a_hostile_pattern_is_refused_when_it_is_written(
    db: Database, postgrest: RunningPostgrest
) -> None:
    problems = {
        r"(a+)\1": "may not refer back to a group (\\1).",
        "(?=a)a": "may not look around or set options: of (?…), only (?:…) and a leading (?i).",
        "(a{1,100}){1,100}": "repeats too often: its counts may multiply to 600 at most.",
        "a" * 201: "must have 1 to 200 characters.",
        "(": "is no valid regular expression.",
        "(a|)*": "matches every text, also an empty one.",
    }
    user = make_user(db)
    for pattern, problem in problems.items():
        definition = {"kind": "regex", "severity": "error", "params": {"pattern": pattern}}
        body = {"rule_name": "Hostile", "rule_definition": definition}
        assert call(postgrest, user, "/brand_rules", body) == (
            422,
            {
                "code": "invalid_rule",
                "message": f"The rule's params.pattern {problem}",
                "details": ('{"type": "pattern", "field": "params.pattern", "reason": "invalid"}'),
                "hint": None,
            },
        )
    assert db.value("select count(*) from public.brand_rules") == 0
