"""Rules and scripts for tests: definitions, factories of one valid row, and refusals as data."""

from __future__ import annotations

import json
import uuid
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database import Database, Row


def rule(kind: str, severity: str = "error", **params: object) -> Row:
    """A definition of this kind with these params."""
    return {"kind": kind, "severity": severity, "params": params}


def banned(*terms: str, severity: str = "error") -> Row:
    """The simplest rule: words that must not appear."""
    return rule("banned_phrase", severity, terms=list(terms))


def make_rule(db: Database, user_id: uuid.UUID, name: str, definition: Row) -> Row:
    """A rule written by its owner."""
    with db.as_user(user_id) as owner:
        return owner.row(
            "insert into public.brand_rules (rule_name, rule_definition) values (%s, %s)"
            " returning *",
            name,
            Jsonb(definition),
        )


def make_script(
    db: Database, product: Row, content: str = "Look at this lamp.", status: str = "draft"
) -> Row:
    """A script written by the product's owner."""
    with db.as_user(product["user_id"]) as owner:
        return owner.row(
            "insert into public.scripts (product_id, content, status) values (%s, %s, %s)"
            " returning *",
            product["id"],
            content,
            status,
        )


def refusal(db: Database, user_id: uuid.UUID, query: str, *parameters: object) -> dict[str, Any]:
    """What the API answers to a statement of this user that must be refused."""
    with pytest.raises(psycopg.Error) as refused, db.as_user(user_id) as session:
        session.execute(query, *parameters)
    diagnostics = refused.value.diag
    assert diagnostics.sqlstate == "PGRST", refused.value
    body = json.loads(diagnostics.message_primary or "")
    detail = json.loads(diagnostics.message_detail or "")
    return {
        "status": detail["status"],
        "code": body["code"],
        "message": body["message"],
        "details": body["details"] and json.loads(body["details"]),
    }
