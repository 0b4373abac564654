"""Renders a virality pack for a terminal, from the stored JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

Json = dict[str, Any]

_BAND_COLOURS = {"breakout": "green", "above": "green", "typical": "yellow", "below": "red"}
_MAX_EVIDENCE = 8
_MAX_TAGS = 6


def render(name: str, pack: Json, breakdown: Json, sentiment: Json) -> RenderableType:
    """The whole pack: `pack` is its configuration, the others are contents of its results."""
    return Group(
        Panel(
            f"[bold]{escape(pack['headline'])}[/bold]\n{escape(pack['summary'])}",
            title=escape(name),
            subtitle=f"{pack['case'].replace('_', ' ')}, {pack['locale']}",
        ),
        *_if(pack.get("findings", []), "What matters most", _findings),
        *_next_steps(pack["next_steps"]),
        *_if(pack["facts"], "What the page states", _facts),
        _section("How far it stands out", _stands_out(breakdown, pack["confidence"])),
        _section("What people say", _sentiment(sentiment)),
        *_if(pack["hooks"], "Hooks", _hooks),
        *_if(pack["angles"], "Angles", _angles),
        *_script(pack),
        _section("Posts that stood out, and their hashtags", _comparables(pack)),
        *_if([*pack["dos"], *pack["donts"]], "Do, don't", lambda _lines: _rules(pack)),
        *_if(pack["what_changed"], "What changed", _texts),
        _section("What this rests on", _evidence(pack["evidence"])),
        _section("Caveats", _bullets(pack["caveats"])),
    )


def _section(title: str, body: RenderableType) -> RenderableType:
    return Group(Text(f"\n{title}", style="bold cyan"), Padding(body, (0, 0, 0, 2)))


def _if(
    parts: list[Any], title: str, render: Callable[[list[Any]], RenderableType]
) -> list[RenderableType]:
    """A section only of what is there."""
    return [_section(title, render(parts))] if parts else []


def _texts(parts: list[Json]) -> RenderableType:
    return _bullets([part["text"] for part in parts])


def _findings(findings: list[Json]) -> RenderableType:
    return _bullets([f"{finding['text']} {finding['do']}" for finding in findings])


def _next_steps(steps: list[Json]) -> list[RenderableType]:
    return _if(steps, "Next", _texts)


def _facts(facts: list[Json]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    for fact in facts:
        table.add_row(Text(fact["kind"], style="dim"), Text(fact["text"]))
    return table


def _stands_out(breakdown: Json, confidence: Json) -> RenderableType:
    found, growing = breakdown["stands_out"], breakdown["still_growing"]
    if found["value"] is None:
        return Text(_sentence(f"Not measured: {found['basis_text']}"))
    low, high = found["interval"]
    colour = _BAND_COLOURS.get(found["band"], "white")
    place = f"{growing['percentile']:.0f} of 100. " if growing["status"] == "shown" else ""
    return Group(
        Text.assemble(
            (f"{found['value']} of 100 ({found['band']})", f"bold {colour}"),
            f", likely between {low} and {high}",
        ),
        Text(f"×{found['ratio']:.1f}, compared with {found['basis_text']}."),
        Text(f"Confidence {confidence['level']}: {'; '.join(confidence['reasons'])}.", style="dim"),
        Text(f"Still growing: {place}{growing['reason']}"),
    )


def _sentiment(sentiment: Json) -> RenderableType:
    overall = sentiment["overall"]
    if overall["net"] is None:
        return Text(_sentence(f"Not measured: {overall['basis']}"))
    low, high = overall["ci95"]
    shares = overall["distribution"]
    lines = [
        Text(
            f"{overall['label']}: net {overall['net']:+.2f} ({low:+.2f} to {high:+.2f}), "
            + ", ".join(f"{round(100 * shares[name])} % {name}" for name in shares)
        ),
        Text(_sentence(f"From {overall['basis']}"), style="dim"),
    ]
    themes = sorted(sentiment["themes"], key=lambda theme: -theme["n"])
    return Group(*lines, _bullets([f"{theme['title']} ({theme['n']})" for theme in themes[:5]]))


def _hooks(hooks: list[Json]) -> RenderableType:
    table = _table("", "Say", "Because", "Rests on")
    for hook in hooks:
        kind = hook["type"].replace("_", " ")
        table.add_row(kind, escape(hook["text"]), escape(hook["why"]), hook["basis"])
    return table


def _angles(angles: list[Json]) -> RenderableType:
    table = _table("Angle", "Promise", "Proof")
    for angle in angles:
        table.add_row(escape(angle["title"]), escape(angle["promise"]), escape(angle["proof"]))
    return table


def _script(pack: Json) -> list[RenderableType]:
    """The first script in full; the others are in the stored pack."""
    if not pack["script_templates"]:
        return []
    first, *others = pack["script_templates"]
    titles = {angle["id"]: angle["title"] for angle in pack["angles"]}
    title = f"A script of {first['duration_s']} s: {titles[first['angle_id']]}"
    more = [f"Also in the pack: {titles[other['angle_id']]}" for other in others]
    return [_section(title, Group(_beats(first["beats"]), *(Text(t, style="dim") for t in more)))]


def _beats(beats: list[Json]) -> RenderableType:
    table = _table("Seconds", "Say", "Show")
    for beat in beats:
        seconds = f"{beat['from_s']}-{beat['to_s']} {beat['kind']}"
        table.add_row(
            seconds,
            escape(" ".join(filter(None, (beat.get("shot"), beat["text"])))),
            escape(beat["on_screen"]),
        )
    return table


def _comparables(pack: Json) -> RenderableType:
    if not pack["comparables"]:
        return Text("No post is known to stand out.")
    used = [
        f"#{tag['tag']} ({tag['posts']} posts of {tag['authors']} creators)"
        for tag in pack["tags"][:_MAX_TAGS]
    ]
    return _bullets([*(post["why"] for post in pack["comparables"]), *used])


def _rules(pack: Json) -> RenderableType:
    return Group(
        _marked(("✓", text, "green") for text in pack["dos"]),
        _marked(("✗", text, "red") for text in pack["donts"]),
    )


def _evidence(evidence: list[Json]) -> RenderableType:
    shown = _bullets([f"{each['id']}: {each['paraphrase']}" for each in evidence[:_MAX_EVIDENCE]])
    hidden = len(evidence) - _MAX_EVIDENCE
    return Group(shown, Text(f"… and {hidden} more", style="dim")) if hidden > 0 else shown


def _sentence(text: str) -> str:
    return f"{text.rstrip('.')}."


def _bullets(texts: list[str]) -> RenderableType:
    if not texts:
        return Text("Nothing.")
    return _marked(("•", text, "") for text in texts)


def _marked(lines: Iterable[tuple[str, str, str]]) -> RenderableType:
    """Lines with a mark, in a style. A long line wraps under its own text."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    for mark, text, style in lines:
        grid.add_row(Text(mark, style=style), Text(text, style=style))
    return grid


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
