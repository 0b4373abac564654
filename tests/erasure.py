"""Erasure as tests use it: the worker's part of it, and what is left of an account."""

from __future__ import annotations

import uuid

from tests.database import Database

_DUE = "select id from private.accounts where deleted_at is not null"
# Each column that references an account, whatever becomes of the row when the account goes.
_REFERENCES = """
select format('%I.%I', n.nspname, c.relname) as name, a.attname as reference
from pg_constraint as f
inner join pg_attribute as a on f.conrelid = a.attrelid and a.attnum = any (f.conkey)
inner join pg_class as c on f.conrelid = c.oid
inner join pg_namespace as n on c.relnamespace = n.oid
where f.contype = 'f' and f.confrelid = 'public.accounts'::regclass
union all
values ('public.accounts', 'id')
"""


def bury(db: Database, user_id: uuid.UUID) -> None:
    """Only the tombstone: the account is erased, its rows are all there still."""
    db.execute("update private.accounts set deleted_at = now() where id = %s", user_id)


def finish_erasures(db: Database, quantity: int = 500) -> int:
    """Does the work of every erasure's job; how many batches it took."""
    batches = 0
    for account in db.rows(_DUE):
        erased: int | None = 0
        while erased is not None:
            with db.as_worker() as worker:
                query = "select private.erase_batch(%s, %s)"
                erased = worker.value(query, account["id"], quantity)
            batches += 1
    return batches


def tables_of_accounts(db: Database) -> set[str]:
    """The tables that reference an account, and that of the accounts."""
    return {row["name"] for row in db.rows(_REFERENCES)}


def rows_about(db: Database, user_id: uuid.UUID) -> dict[str, int]:
    """How many rows of each table reference the account, and whether it is there."""
    query = "select count(*) from {name} where {reference} = %s"
    counts = {row["name"]: db.value(query.format(**row), user_id) for row in db.rows(_REFERENCES)}
    return {name: count for name, count in counts.items() if count}
