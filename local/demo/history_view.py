"""Renders the history of a product for a terminal, from the stored rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

Row = dict[str, Any]

_VERDICTS = {True: "held", False: "missed", None: "not judged yet"}


def render(name: str, history: Sequence[Row], changes: Sequence[Sequence[Row]]) -> RenderableType:
    """Rows of product_history, the oldest first, each with the changes that its pack tells.

    Intervals are in brackets; "-" was not measured.
    """
    table = Table(title=escape(name), title_justify="left")
    for heading in ("analysed", "stands out", "times usual", "next look", "net", "views/h"):
        table.add_column(heading)
    table.add_column("what changed", min_width=30)
    for row, changed in zip(history, changes, strict=True):
        table.add_row(
            f"{row['analysed_at']:%Y-%m-%d}",
            _number(row, "stands_out", ".0f"),
            _number(row, "ratio", ".1f"),
            _VERDICTS[row["is_hit"]],
            _number(row, "net", "+.2f"),
            "-" if row["views_per_hour"] is None else f"{row['views_per_hour']:,.0f}",
            escape("\n".join(change["text"] for change in changed) or "-"),
        )
    return table


def _number(row: Row, name: str, form: str) -> str:
    if row[name] is None:
        return "-"
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    interval = "" if low is None else f" ({low:{form}} to {high:{form}})"
    return f"{row[name]:{form}}{interval}"
