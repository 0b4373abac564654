"""Which cell an account lives in, and the connection to each cell's database.

A cell is a whole stack (docs/scaling.md). The directory of cells is in the database of
WEBHOOK_DB_URL. Without CELL_SECRETS_DIR there is one cell, and nothing here asks the directory.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from psycopg import Connection

from core.database import Row
from core.stripe_gateway import BillingError, Gateway
from webhooks.database import Database
from webhooks.problems import unavailable

T = TypeVar("T")


@dataclass(frozen=True)
class Cell:
    """A cell as the edge uses it. Tokens for it name its audience."""

    id: str | None  # None: the only one
    api_url: str | None
    audience: str
    anon_key: str | None
    database: Database


@dataclass(frozen=True)
class Place:
    """An account and its cell."""

    account_id: uuid.UUID
    cell: Cell


class Cells:
    """The directory. `secrets` is the folder with the URLs of the other cells; None: there is one.

    `connect` opens the database of a URL.
    """

    def __init__(
        self, home: Cell, secrets: Path | None, connect: Callable[[str], Database]
    ) -> None:
        self.home = home
        self._secrets = secrets
        self._connect = connect
        self._databases: dict[str, Database] = {}
        self._connecting = threading.Lock()
        self._by_audience = {home.audience: home}

    @property
    def are_several(self) -> bool:
        return self._secrets is not None

    def of_identity(self, issuer: str, subject: str, default_id: uuid.UUID) -> Place:
        """Where the account of a person or an organisation lives, or will live from now on."""
        if not self.are_several:
            return Place(default_id, self.home)
        query = "select * from private.place_account(%s, %s, %s)"
        return self._place(self.home.database.call(query, issuer, subject, default_id))

    def of_account(self, account_id: uuid.UUID) -> Cell:
        """The cell of an account."""
        if not self.are_several:
            return self.home
        query = "select * from private.cell_of_account(%s)"
        return self._cell(self.home.database.call(query, account_id))

    def of_audience(self, audience: str) -> Cell:
        """The cell with this audience, which an earlier call of this process has returned."""
        return self._by_audience[audience]

    def all(self) -> list[Cell]:
        """Every cell, that of the directory first."""
        if not self.are_several:
            return [self.home]
        with self.home.database.session() as db:
            return [self._cell(row) for row in db.execute("select * from private.all_cells()")]

    def first(self, statement: str, *parameters: object) -> tuple[Cell, Row]:
        """The first cell whose answer is not null, and its row; the last one if all are null."""
        for cell in self.all():
            row = cell.database.call(statement, *parameters)
            if next(iter(row.values())) is not None:
                break
        return cell, row

    def call_in_cell_of_key(
        self, handle: str, statement: str, *parameters: object
    ) -> tuple[Cell, Row]:
        """The cell of an API key, and the row of `statement` there.

        The row has `user_id`; null: no cell knows the key. The directory learns the handle.
        """
        if not self.are_several:
            return self.home, self.home.database.call(statement, *parameters)
        known = self.home.database.call("select * from private.lock_handle(%s)", handle)
        if known["account_id"] is not None:
            # The cell that it leaves may not know yet that the key was revoked.
            cell = self._cell(known)
            return cell, cell.database.call(statement, *parameters)
        cell, row = self.first(statement, *parameters)
        if row["user_id"] is not None:
            self._learn(handle, row["user_id"])
        return cell, row

    @contextmanager
    def holding_customer(
        self, customer_id: str | None, object_id: str | None, gateway: Gateway | None
    ) -> Iterator[tuple[Connection[Row], str | None]]:
        """A session in the cell of a Stripe customer, and the customer's id.

        The account stays in that cell until the block ends. Stripe tells the customer of an event
        that names only an object, and the account of a customer that no cell knows.
        """
        if self.are_several and customer_id is None and object_id is not None:
            customer_id = _ask(lambda stripe: stripe.customer_of(object_id), gateway)
        if not self.are_several or customer_id is None:
            with self.home.database.session() as db:
                yield db, customer_id
            return
        hold = "select * from private.lock_handle(%s)"
        if self.home.database.call(hold, customer_id)["account_id"] is None:
            self._learn(customer_id, self._account_of_customer(customer_id, gateway))
        with self.home.database.session() as db, db.transaction():
            row = cast("Row", db.execute(hold, (customer_id,)).fetchone())
            cell = self.home if row["account_id"] is None else self._cell(row)
            if cell.database is self.home.database:
                # Not a second connection: threads that wait for one would hold each other up.
                yield db, customer_id
                return
            with cell.database.session() as there:
                yield there, customer_id

    def _account_of_customer(self, customer_id: str, gateway: Gateway | None) -> object:
        _, row = self.first("select private.account_of_customer(%s) as user_id", customer_id)
        if row["user_id"] is not None or gateway is None:
            return row["user_id"]
        customer = _ask(lambda stripe: stripe.customer(customer_id), gateway)
        return customer and customer.user_id

    def _learn(self, handle: str, account_id: object) -> None:
        self.home.database.call("select private.learn_handle(%s, %s)", handle, account_id)

    def _place(self, row: Row) -> Place:
        return Place(cast("uuid.UUID", row["account_id"]), self._cell(row))

    def _cell(self, row: Row) -> Cell:
        secret = cast("str | None", row["database_secret"])
        cell = Cell(
            id=str(row["cell_id"]),
            api_url=str(row["api_url"]),
            audience=str(row["audience"]),
            anon_key=cast("str | None", row["anon_key"]),
            database=self.home.database if secret is None else self._database(secret),
        )
        self._by_audience[cell.audience] = cell
        return cell

    def _database(self, secret: str) -> Database:
        with self._connecting:
            if secret not in self._databases:
                url = (cast("Path", self._secrets) / secret).read_text().strip()
                self._databases[secret] = self._connect(url)
            return self._databases[secret]

    def close(self) -> None:
        for database in (self.home.database, *self._databases.values()):
            database.close()


def _ask(question: Callable[[Gateway], T], gateway: Gateway | None) -> T | None:
    """Stripe's answer; None without Stripe. 503 if Stripe is away, so the event is sent again."""
    if gateway is None:
        return None
    try:
        return question(gateway)
    except BillingError as error:
        raise unavailable(
            "The payment service can't be reached. Please try again.", code="billing_unavailable"
        ) from error
