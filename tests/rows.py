"""One valid row per table, owned by a user: what tests start from. Columns can be overridden."""

from __future__ import annotations

import uuid

from cryptography.fernet import Fernet
from psycopg import sql
from psycopg.types.json import Jsonb

from core import webhook_secrets
from core.webhook_secrets import WebhookSecrets
from tests.database import Database, Row, make_product

WEBHOOK_SECRETS = WebhookSecrets([Fernet.generate_key().decode()])


def make_job(db: Database, user_id: uuid.UUID, **columns: object) -> Row:
    """The queued analysis of a product of the user, added for it unless `product_id` names one."""
    product_id = columns.pop("product_id", None) or make_product(db, user_id)["id"]
    if columns:
        db.execute(
            sql.SQL("update public.jobs set {} where product_id = %s").format(
                sql.SQL(", ").join(
                    sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value))
                    for name, value in columns.items()
                )
            ),
            product_id,
        )
    return db.row("select * from public.jobs where product_id = %s", product_id)


def make_result(db: Database, user_id: uuid.UUID, **columns: object) -> Row:
    """What an analysis left about a product of the user."""
    return _insert(
        db,
        "analysis_results",
        {
            "product_id": columns.get("product_id") or make_product(db, user_id)["id"],
            "user_id": user_id,
            "type": "sentiment_summary",
            "content": Jsonb({"schema_version": 1}),
            "engine": "embedded",
        }
        | columns,
    )


def make_pack(db: Database, user_id: uuid.UUID, **columns: object) -> Row:
    """The virality pack of a product of the user."""
    return _insert(
        db,
        "virality_packs",
        {
            "product_id": columns.get("product_id") or make_product(db, user_id)["id"],
            "user_id": user_id,
            "name": "Walnut desk lamp",
            "configuration": Jsonb({"schema_version": 1}),
            "score": 61.5,
        }
        | columns,
    )


def make_numbers(db: Database, user_id: uuid.UUID, **columns: object) -> Row:
    """The numbers of an analysis of a product of the user."""
    product_id = columns.get("product_id") or make_product(db, user_id)["id"]
    row = {"product_id": product_id, "user_id": user_id, "stands_out": 61.5}
    return _insert(db, "analysis_numbers", row | columns)


def make_brand(db: Database, user_id: uuid.UUID, name: str = "Acme") -> Row:
    """A client of the user."""
    return _insert(db, "brands", {"user_id": user_id, "name": name})


def make_share(db: Database, user_id: uuid.UUID, **columns: object) -> Row:
    """A link to a pack of the user, and its secret."""
    pack_id = columns.get("pack_id") or make_pack(db, user_id)["id"]
    with db.as_user(user_id) as owner:
        made = owner.row("select * from public.share_pack(%s)", pack_id)
    row = db.row("select * from public.shares where id = %s", made["id"])
    return row | {"secret": made["secret"]}


def make_competitor(db: Database, user_id: uuid.UUID, **columns: object) -> Row:
    """Two products of the user, the second as a competitor of the first."""
    row = {
        "user_id": user_id,
        "product_id": make_product(db, user_id)["id"],
        "competitor_id": make_product(db, user_id)["id"],
    }
    return _insert(db, "competitors", row | columns)


def make_notification(db: Database, user_id: uuid.UUID, **columns: object) -> Row:
    """Something that the user has been told."""
    row = {"user_id": user_id, "kind": "breakout", "text": "The video of Mug is a breakout now."}
    return _insert(db, "notifications", row | columns)


def make_audit_event(db: Database, user_id: uuid.UUID, **columns: object) -> Row:
    """What the audit trail has of an export by the user."""
    row = {"user_id": user_id, "action": "export", "target_kind": "account"}
    return _insert(db, "audit_events", row | columns)


def make_api_key(db: Database, user_id: uuid.UUID, scope: str = "read") -> Row:
    """An API key of the user, and its secret."""
    with db.as_user(user_id) as owner:
        made = owner.row("select * from public.create_api_key('CI', %s)", [scope])
    row = db.row("select * from public.api_keys where id = %s", made["id"])
    return row | {"secret": made["secret"]}


def make_webhook(
    db: Database, user_id: uuid.UUID, url: str = "https://hooks.example/in", kinds: str = "{}"
) -> Row:
    """A webhook endpoint of the user, and its secret."""
    webhook_secrets.register(db.connection, WEBHOOK_SECRETS.newest)
    with db.as_user(user_id) as owner:
        row = owner.row(
            "insert into public.webhook_endpoints (url, kinds) values (%s, %s) returning *",
            url,
            kinds,
        )
        made = owner.row("select * from public.rotate_webhook_secret(%s)", row["id"])
    return row | {"secret": made["secret"]}


def make_delivery(db: Database, user_id: uuid.UUID, **columns: object) -> Row:
    """Something that a webhook endpoint of the user is to get."""
    row = {
        "user_id": user_id,
        "endpoint_id": columns.get("endpoint_id") or make_webhook(db, user_id)["id"],
        "kind": "breakout",
        "payload": Jsonb({"type": "breakout"}),
    }
    return _insert(db, "webhook_deliveries", row | columns)


def make_subscription(db: Database, user_id: uuid.UUID, **columns: object) -> Row:
    """An active subscription of the user, as the billing sync saw it."""
    return _insert(
        db,
        "subscriptions",
        {
            "user_id": user_id,
            "stripe_subscription_id": f"sub_{user_id.hex}",
            "plan": "creator",
            "status": "active",
        }
        | columns,
    )


def _insert(db: Database, table: str, columns: dict[str, object]) -> Row:
    return db.row(
        sql.SQL("insert into public.{} ({}) values ({}) returning *").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(sql.Placeholder() * len(columns)),
        ),
        *columns.values(),
    )
