"""The one video that a pack says to make, and why this one: what a creator reads first."""

from __future__ import annotations

from collections.abc import Mapping

from workers.insights.pack.inputs import PackInputs
from workers.insights.pack.proposals import Thing
from workers.insights.pack.said import About
from workers.insights.pack.statements import Statement

SILENCE = About("age")  # the statement that says how old the newest post is


def decision(
    given: PackInputs, first: Thing | None, found: Mapping[str, Statement]
) -> tuple[str, tuple[About, ...]] | None:
    """Behind the product's name, and what it is about.

    None where nothing speaks for a video or against one.
    """
    words, sold_out = given.words, found.get("sold_out")
    if sold_out is not None and sold_out.headline:
        return sold_out.headline, sold_out.about
    silent = given.silent_days
    if first is None and silent is not None:
        return words.say("decisions.silent_only", days=silent), (SILENCE,)
    if first is None:
        is_bare = given.case == "no_comments" and bool(given.facts.facts)
        return (words.say("decisions.none"), (About("no_video"),)) if is_bare else None
    said = words.say(f"decisions.{_key(given, first)}", **first.fields)
    if given.short_seconds:
        said = words.say("decisions.short", said=said, seconds=words.number(given.short_seconds))
    if silent is not None:
        return words.say("decisions.silent", said=said, days=silent), (*first.about, SILENCE)
    verdict = _verdict(given)
    return words.say(f"decisions.{verdict}", said=said) if verdict else said, first.about


def _key(given: PackInputs, first: Thing) -> str:
    return first.group if given.words.knows(f"decisions.{first.group}") else first.kind


def _verdict(given: PackInputs) -> str | None:
    """Whether the video asked about has more or fewer views than usual, beyond its interval."""
    interval = given.virality.stands_out.ratio_interval
    if given.case != "own_video" or interval is None:
        return None
    low, high = interval
    return "above" if low > 1 else "below" if high < 1 else "usual"
