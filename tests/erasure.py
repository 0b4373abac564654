"""Erasure as tests use it: the worker's part of it, and what is left of an account."""

from __future__ import annotations

import uuid

from tests.database import Database

_DUE = "select distinct user_id from private.identities where deleted_at is not null"
TABLES = """
select format('%I.%I', n.nspname, c.relname) as name
from pg_attribute as a
inner join pg_class as c on a.attrelid = c.oid
inner join pg_namespace as n on c.relnamespace = n.oid
where a.attname = 'user_id' and not a.attisdropped and c.relkind = 'r'
and n.nspname in ('public', 'private') and c.relname <> 'identities'
"""


def finish_erasures(db: Database, quantity: int = 500) -> int:
    """Does the work of every erasure's job; how many batches it took."""
    batches = 0
    for account in db.rows(_DUE):
        erased: int | None = 0
        while erased is not None:
            with db.as_worker() as worker:
                query = "select private.erase_batch(%s, %s)"
                erased = worker.value(query, account["user_id"], quantity)
            batches += 1
    return batches


def rows_about(db: Database, user_id: uuid.UUID) -> dict[str, int]:
    """How many rows of each table name the account, but for its tombstone."""
    query = "select count(*) from {} where user_id = %s"
    names = [table["name"] for table in db.rows(TABLES)]
    counts = {name: db.value(query.format(name), user_id) for name in names}
    return {name: count for name, count in counts.items() if count}
