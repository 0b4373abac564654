"""`python -m webhooks.cells_move ACCOUNT CELL`: moves an account to another cell.

The directory notes each step that is done. The same command goes on with a killed move. `--abort`
undoes a move that has not been redirected.
"""

from __future__ import annotations

import argparse
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import islice
from typing import Any, cast

import psycopg
from psycopg import Connection

from core.config import MoverSettings, load
from core.database import Row, connect

_STEPS = ("begun", "frozen", "copied", "redirected", "arrived", "departed", "cleared")
_SLOTS = (0, 1, 2, 3, None)  # of writing requests (private.before_request); None: inserts
_BATCH = 500
_LOCK_SECONDS = 2.0
_MAX_COPIES = 3  # an operator may write to the account between a copy and its comparison


class MoveError(RuntimeError):
    """The move can't go on. The message says why."""


class Move:
    """One account's move. Each method is a step that may be repeated."""

    def __init__(
        self,
        directory: Connection[Row],
        source: Connection[Row],
        target: Connection[Row],
        account_id: uuid.UUID,
        say: Callable[[str], None],
    ) -> None:
        self._directory, self._source, self._target = directory, source, target
        self._id, self._say = account_id, say

    def run(self, last: str) -> Row:
        """Does the steps after `last`. Returns the row of private.cell_moves."""
        row: Row = {}
        for step in _STEPS[_STEPS.index(last) + 1 :]:
            getattr(self, f"_{step}")()
            row = self._record(step)
            self._say(step)
        return row

    def abort(self) -> None:
        """Undoes the move: the account lives where it was. Raises psycopg.Error once redirected."""
        self._directory.execute("select private.require_abortable(%s)", (self._id,))
        self._record("begun")  # if this is killed, the move may not go on from a copy
        self._target.execute("select private.clear_account(%s)", (self._id,))
        self._source.execute("select private.settle_account(%s, 'moving')", (self._id,))
        self._directory.execute("select private.abort_move(%s)", (self._id,))

    def _record(self, step: str) -> Row:
        query = "select * from private.record_move(%s, %s)"
        return cast("Row", self._directory.execute(query, (self._id, step)).fetchone())

    def _frozen(self) -> None:
        """The account is read-only, and every request that wrote has ended."""
        self._source.execute("select private.freeze_account(%s)", (self._id,))
        for slot in _SLOTS:
            self._source.execute("select private.await_writer(%s, %s)", (self._id, slot))
        self._source.execute("select private.fence_account(%s)", (self._id,))

    def _copied(self) -> None:
        """The target holds the same rows, and all that they refer to."""
        contents = "select private.cell_contents(%s)"
        for _ in range(_MAX_COPIES):
            self._copy()
            missing = _value(self._target, "select private.missing_reference(%s)", self._id)
            if missing is not None:
                raise MoveError(f"The target lacks what rows refer to: {missing}.")
            there = _value(self._target, contents, self._id)
            here = _value(self._source, contents, self._id)
            if here == there:
                return
        differing = sorted(name for name in here if here[name] != there.get(name))
        raise MoveError(f"Source and target differ in {', '.join(differing)}.")

    def _copy(self) -> None:
        # As text: numbers of Python would lose digits.
        head = _value(self._source, "select private.cell_head(%s)::text", self._id)
        self._target.execute("select private.receive_account(%s, %s::jsonb)", (self._id, head))
        names = self._source.execute("select private.cell_table_names() as name").fetchall()
        for name in (str(row["name"]) for row in names):
            rows = self._rows(name)
            while batch := list(islice(rows, _BATCH)):
                self._target.execute(
                    "select private.receive_rows(%s, %s, %s::jsonb)",
                    (self._id, name, f"[{','.join(batch)}]"),
                )

    def _rows(self, name: str) -> Iterator[str]:
        with self._source.transaction(), self._source.cursor("rows") as cursor:
            cursor.itersize = _BATCH
            cursor.execute("select private.cell_rows(%s, %s)::text as row", (self._id, name))
            for row in cursor:
                yield str(row["row"])

    def _redirected(self) -> None:
        """The commit: `_record` names the new cell."""

    def _arrived(self) -> None:
        """The account lives in the target, and its jobs go on there."""
        self._target.execute("select private.settle_account(%s, 'moved')", (self._id,))

    def _departed(self) -> None:
        """The source refuses its old tokens."""
        self._source.execute("select private.depart_account(%s)", (self._id,))

    def _cleared(self) -> None:
        """The source keeps the tombstone only."""
        self._source.execute("select private.clear_account(%s)", (self._id,))


@contextmanager
def begun(
    settings: MoverSettings,
    account_id: uuid.UUID,
    target: str,
    say: Callable[[str], None] = print,
    kind: type[Move] = Move,
) -> Iterator[tuple[Move, str]]:
    """The move of an account to a cell, new or begun before, and the last step that is done.

    A last step of `cleared`: the account lives there already.
    """
    with _connection(settings.mover_db_url.get_secret_value()) as directory:
        if not _is_locked(directory, f"move of {account_id}"):
            raise MoveError("Another process moves this account now.")
        move = directory.execute(
            "select * from private.begin_move(%s, %s)", (account_id, target)
        ).fetchone()
        last = str(move["step"] or "cleared") if move else "cleared"
        if move is None or last == "cleared":
            yield Move(directory, directory, directory, account_id, say), last
            return
        cells = directory.execute("select * from private.all_cells()").fetchall()
        urls = {str(cell["cell_id"]): _url(settings, cell) for cell in cells}
        with (
            _connection(urls[str(move["source_cell_id"])]) as source,
            _connection(urls[str(move["target_cell_id"])]) as there,
        ):
            yield kind(directory, source, there, account_id, say), last


def _url(settings: MoverSettings, cell: Row) -> str:
    if cell["database_secret"] is None:
        return settings.mover_db_url.get_secret_value()
    if settings.cell_secrets_dir is None:
        raise MoveError("CELL_SECRETS_DIR must be set.")
    return (settings.cell_secrets_dir / str(cell["database_secret"])).read_text().strip()


@contextmanager
def _connection(url: str) -> Iterator[Connection[Row]]:
    with closing(connect(url, application_name="mover")) as connection:
        yield connection


def _is_locked(directory: Connection[Row], name: str) -> bool:
    """Whether this process has the lock. The server keeps a killed one's for a moment."""
    lock = "select pg_try_advisory_lock(hashtextextended(%s, 0))"
    end = time.monotonic() + _LOCK_SECONDS
    while not (is_locked := _value(directory, lock, name)) and time.monotonic() < end:
        time.sleep(0.05)
    return bool(is_locked)


def _value(db: Connection[Row], query: str, *parameters: object) -> Any:
    row = db.execute(query, parameters).fetchone()
    return next(iter(row.values())) if row else None


def main() -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m webhooks.cells_move", description=__doc__)
    parser.add_argument("account", type=uuid.UUID, help="the id of the account")
    parser.add_argument("cell", help="the id of the cell that it moves to")
    parser.add_argument("--abort", action="store_true", help="undo a move that is not redirected")
    given = parser.parse_args()
    try:
        with begun(load(MoverSettings), given.account, given.cell) as (move, last):
            if given.abort:
                move.abort()
                print("aborted")
            elif last == "cleared":
                print(f"The account lives in {given.cell}.")
            else:
                row = move.run(last)
                seconds = cast("datetime", row["arrived_at"]) - cast("datetime", row["frozen_at"])
                print(f"read-only for {seconds.total_seconds():.2f} s")
    except (MoveError, psycopg.Error, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
