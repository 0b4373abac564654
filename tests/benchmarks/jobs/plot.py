"""The measured rows as one picture: rates, waiting, growth."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.benchmarks.jobs.row import Row

_OURS, _PEER = "#1f6f54", "#9aa5b1"
_DASHES = {"delayed": "--", "leased": ":"}
_GROWTH = "_claim_ms_at_"
_BARS = (
    ("results, 10 at once", "jobs_per_second", "Jobs/s with a result each, 10 at once"),
    ("results, 100 at once", "jobs_per_second", "Jobs/s with a result each, 100 at once"),
    ("500 jobs of 50 ms, 50 at once", "efficiency", "Jobs of 50 ms: part of the ideal rate"),
    ("pick-up when idle", "p99_ms", "Pick-up when idle, p99 ms (log)"),
    ("beside a snapshot held 60 s", "kept", "Rate beside a snapshot held 60 s"),
)


def save(path: Path, rows: list[Row], headline: str) -> None:
    """Draws what was measured; a case without rows leaves its field empty."""
    figure = Figure(figsize=(15, 9), layout="constrained")
    figure.suptitle(headline, fontsize=9)
    fields = figure.subplots(2, 3).flatten()
    for field, (case, metric, title) in zip(fields, _BARS, strict=False):
        bars(field, [row for row in rows if (row.case, row.metric) == (case, metric)], title)
    _growth(fields[-1], [row for row in rows if _GROWTH in row.metric])
    figure.savefig(path, dpi=110, metadata={"Software": None})


def bars(field: Axes, rows: list[Row], title: str) -> None:
    """A bar per system with the ends of its repeats; none leaves the field empty."""
    field.set_title(title, fontsize=10)
    if not rows:
        field.set_axis_off()
        return
    names = [row.system for row in rows][::-1]
    values = [row.value for row in rows][::-1]
    below = [row.value - row.minimum for row in rows][::-1]
    above = [row.maximum - row.value for row in rows][::-1]
    colours = [_OURS if name.startswith("ours") else _PEER for name in names]
    field.barh(names, values, xerr=[below, above], color=colours, ecolor="#444444", capsize=2)
    if "(log)" in title:
        field.set_xscale("log")
    field.tick_params(labelsize=8)


def _growth(field: Axes, rows: list[Row]) -> None:
    field.set_title("A claim beside 1k … 1M rows: times its cost at the fewest", fontsize=10)
    if not rows:
        field.set_axis_off()
        return
    lines: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        state, size = row.metric.split(_GROWTH)
        lines.setdefault(f"{row.system}, {state}", []).append((int(size), row.value))
    for name, points in lines.items():
        field.plot(
            [size for size, _ in points],
            [value / points[0][1] for _, value in points],
            marker="o",
            color=_OURS if name.startswith("ours") else None,
            linestyle=_DASHES.get(name.rpartition(", ")[2], "-"),
            linewidth=2 if name.startswith("ours") else 1,
            label=name,
        )
    field.set_xscale("log")
    field.set_yscale("log")
    field.legend(fontsize=7)
