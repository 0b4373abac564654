"""The database as tests use it: sessions that act as a real role, factories of one valid row."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from tests.patience import PATIENCE_SECONDS

Row = dict[str, Any]
_CHANGE = re.compile(r"\b(update\s+[\w.]+\s+(as\s+\w+\s+)?set|delete\s+from)\b", re.IGNORECASE)
_WHERE = re.compile(r"\bwhere\b", re.IGNORECASE)


class UnfilteredChangeError(BaseException):
    """A test changed every row as the API. Not an Exception: no `pytest.raises` expects it."""


class _ApiCursor(psycopg.Cursor[Row]):
    """Refuses an UPDATE or DELETE without WHERE, as `safeupdate` does in hosted's API sessions."""

    def execute(self, query: Any, *arguments: Any, **options: Any) -> _ApiCursor:
        text = query.as_string(self) if isinstance(query, sql.Composable) else query
        for statement in text.split(";"):
            if _CHANGE.search(statement) and not _WHERE.search(statement):
                raise UnfilteredChangeError(statement)
        return super().execute(query, *arguments, **options)


MAKE_ACCOUNTS = """
select r.user_id from unnest(%s::uuid[]) as u (id),
    private.resolve_identity('https://clerk.example', u.id::text, u.id) as r
"""


class Session:
    """One connection; every method runs one statement."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self.connection = connection

    def execute(self, query: str, *parameters: object) -> int:
        """Runs a statement; how many rows it touched."""
        return self.connection.execute(query, parameters or None).rowcount

    def rows(self, query: str, *parameters: object) -> list[Row]:
        """All rows, as dictionaries."""
        return self.connection.execute(query, parameters or None).fetchall()

    def row(self, query: str, *parameters: object) -> Row:
        """The one row that there must be."""
        [row] = self.rows(query, *parameters)
        return row

    def value(self, query: str, *parameters: object) -> Any:
        """The one value that there must be."""
        [value] = self.row(query, *parameters).values()
        return value


class Database(Session):
    """A clone of the migrated template. Itself it acts as `postgres`, who owns the tables."""

    def __init__(self, host: str, port: int, name: str) -> None:
        self.host, self.port, self.name = host, port, name
        super().__init__(self.connect("postgres"))

    def url(self, role: str) -> str:
        """Connection string of a login, e.g. for WORKER_DB_URL (trusted over the Unix socket)."""
        return f"postgresql://{role}@/{self.name}?host={self.host}&port={self.port}"

    def make_accounts(self, *user_ids: uuid.UUID) -> None:
        """What first sign-ins leave, for accounts of these ids."""
        self.execute(MAKE_ACCOUNTS, list(user_ids))

    def connect(self, role: str) -> psycopg.Connection[Row]:
        """Another connection, in autocommit; the caller closes it. For races."""
        cursor = _ApiCursor if role == "authenticator" else psycopg.Cursor
        return psycopg.connect(
            self.url(role), autocommit=True, row_factory=dict_row, cursor_factory=cursor
        )

    @contextmanager
    def as_user(self, user_id: uuid.UUID | str, **claims: object) -> Iterator[Session]:
        """One request of a signed-in user as PostgREST runs it: one transaction, role and claims.

        Commits at the end, rolls back when an error leaves the block.
        """
        with self._request("authenticated", user_claims(user_id) | claims) as session:
            yield session

    @contextmanager
    def acting_as(self, role: str) -> Iterator[Session]:
        """The same for `anon` or `service_role`."""
        with self._request(role, {"role": role}) as session:
            yield session

    @contextmanager
    def as_worker(self) -> Iterator[Session]:
        """Logged in as `worker`, one transaction."""
        with self._login("worker") as session:
            yield session

    @contextmanager
    def as_webhook(self) -> Iterator[Session]:
        """Logged in as `webhook`, one transaction."""
        with self._login("webhook") as session:
            yield session

    @contextmanager
    def as_superuser(self) -> Iterator[Session]:
        """For what no role of ours may do: prepare or inspect the platform's side."""
        with self._login("supabase_admin") as session:
            yield session

    @contextmanager
    def _login(self, role: str) -> Iterator[Session]:
        with self.connect(role) as connection, connection.transaction():
            yield Session(connection)

    @contextmanager
    def _request(self, role: str, claims: dict[str, object]) -> Iterator[Session]:
        with self._login("authenticator") as session:
            session.connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
            session.execute("select set_config('request.jwt.claims', %s, true)", json.dumps(claims))
            yield session


# The limits that logins have by their role, for statements that wait for a processor or each other.
_LIMITS = {
    "authenticator": ["statement_timeout", "lock_timeout"],
    "worker": ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"],
    "webhook": ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"],
}


def _patience(dbname: str) -> Iterator[str]:
    """Statements that lift these limits: here they would tell how busy the machine is.

    What the roles themselves have stays, except where PostgREST reads it: of the roles that it
    takes. Those two are the platform's. Limits of functions and of requests stay, too.
    """
    for login, names in _LIMITS.items():
        for name in names:
            place = f'role {login} in database "{dbname}"'
            yield f"alter {place} set {name} = '{PATIENCE_SECONDS}s'"
    for role in ("anon", "authenticated"):
        yield f"alter role {role} set statement_timeout = '{PATIENCE_SECONDS}s'"


@contextmanager
def opened(clone: psycopg.Connection) -> Iterator[Database]:
    """A clone that pytest-postgresql has made, as tests use it."""
    info = clone.info
    # Cloning copies a database's content, neither its owner nor its grants.
    clone.execute(f'alter database "{info.dbname}" owner to postgres')
    clone.execute(f'revoke temporary on database "{info.dbname}" from public')
    for statement in _patience(info.dbname):
        clone.execute(statement)
    clone.commit()
    database = Database(info.host, info.port, info.dbname)
    yield database
    database.connection.close()


def user_claims(user_id: uuid.UUID | str) -> dict[str, object]:
    """The claims of an access token as the exchange mints it, as far as the database reads them."""
    now = int(time.time())
    return {
        "role": "authenticated",
        "account_role": "admin",
        "aud": "authenticated",
        "sub": str(user_id),
        "iat": now,
        "exp": now + 300,
    }


def make_user(db: Database) -> uuid.UUID:
    """A new account, as the first sign-in makes it; its id."""
    user_id = uuid.uuid4()
    db.make_accounts(user_id)
    return user_id


def make_product(
    db: Database,
    user_id: uuid.UUID,
    name: str = "Walnut desk lamp",
    source_url: str = "https://shop.example/products/walnut-lamp",
) -> Row:
    """A product added by its owner; the trigger queues its analysis."""
    with db.as_user(user_id) as owner:
        return owner.row(
            "insert into public.products (name, source_url) values (%s, %s) returning *",
            name,
            source_url,
        )
