"""Starter rules: copied with one call, owned afterwards."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from tests.database import Database, Row, make_user
from tests.rules import refusal

ADOPT = "select * from public.adopt_starter_rules(pack => %s)"
BOLD = (
    "I tried it for a week: a m1racle! It cures acne, I lost 10 pounds, better than Lumio,"
    " 100% guaranteed. Only $19.99."
)


def adopt(db: Database, user: uuid.UUID, pack: str) -> list[Row]:
    with db.as_user(user) as owner:
        return owner.rows(ADOPT, pack)


@pytest.mark.parametrize(("pack", "origin"), [("ftc", "ftc"), ("tiktok", "tiktok")])
def test_a_pack_becomes_the_callers_rules(db: Database, pack: str, origin: str) -> None:
    user = make_user(db)
    adopted = adopt(db, user, pack)
    with db.as_user(user) as owner:
        assert owner.rows("select * from public.brand_rules order by rule_name") == adopted
    assert {rule["rule_definition"]["source"]["origin"] for rule in adopted} == {origin}
    assert {rule["user_id"] for rule in adopted} == {user}


def test_adopting_twice_changes_nothing(db: Database) -> None:
    user = make_user(db)
    adopted = adopt(db, user, "ftc")
    assert adopt(db, user, "ftc") == adopted


def test_a_rule_that_its_owner_changed_stays_changed(db: Database) -> None:
    user = make_user(db)
    adopt(db, user, "ftc")
    with db.as_user(user) as owner:
        owner.execute("update public.brand_rules set enabled = false where user_id = %s", user)
    assert {rule["enabled"] for rule in adopt(db, user, "ftc")} == {False}


def test_an_unknown_pack_is_refused(db: Database) -> None:
    assert refusal(db, make_user(db), ADOPT, "acme") == {
        "status": 422,
        "code": "invalid_pack",
        "message": "The packs of starter rules are ftc and tiktok.",
        "details": {"field": "pack", "reason": "not_allowed", "allowed": ["ftc", "tiktok"]},
    }


def test_anonymous_may_not_adopt(db: Database) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for function"),
        db.acting_as("anon") as anon,
    ):
        anon.rows(ADOPT, "ftc")


def test_bold_claims_break_the_starter_rules(db: Database) -> None:
    user = make_user(db)
    adopt(db, user, "ftc")
    adopt(db, user, "tiktok")
    with db.as_user(user) as owner:
        rows = owner.rows("select rule_name, status from public.check_compliance(%s)", BOLD)
    assert {row["rule_name"]: row["status"] for row in rows if row["status"] != "pass"} == {
        "FTC: no weight-loss promises": "fail",
        "FTC: only true, own experience": "needs_review",
        "FTC: prove health claims": "fail",
        "FTC: say clearly that it is an ad": "needs_review",
        "TikTok: no absolute claims": "fail",
        "TikTok: no comparison with others": "fail",
        "TikTok: no guaranteed or instant results": "fail",
        "TikTok: no medical claims": "fail",
        "TikTok: switch content disclosure on": "needs_review",
        "TikTok: the price of the product page": "needs_review",
    }
