"""A script as a language model writes it: its shape, its times, and what it may say.

A shot is an instruction: it may count and measure freely, and states no statistic. A spoken line is
a claim: its numbers are those of the evidence, or counts that the script's shots reach.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from workers.writing.figures import (
    Figure,
    is_counted_off,
    is_part,
    is_statistic,
    is_told,
    mentions,
)
from workers.writing.grounding import Ground, IsFree, as_line
from workers.writing.quoting import Quotables, named_in, quoted, without_dates, without_places

MAX_SCRIPTS = 2
MIN_BEATS, MAX_BEATS = 3, 6
MAX_TITLE_CHARACTERS = 100
MAX_WHY_CHARACTERS = 600  # a finding may stand in it
MAX_SHOT_CHARACTERS = 400
MAX_SPOKEN_CHARACTERS = 240
MAX_SEEN_CHARACTERS = 60
MIN_SECONDS, MAX_SECONDS = 6, 90  # of a script
WORDS_PER_SECOND = 3.0  # as fast as creators speak


class _Beat(BaseModel):
    seconds: int
    kind: Literal["hook", "problem", "demo", "proof", "payoff", "cta"]
    shot: str
    spoken: str
    on_screen: str


class Storyboard(BaseModel):
    """One video: what it is about, why it, and its beats in order."""

    title: str
    why: str
    # A limit for the server only: a weak model may not end its list.
    beats: Annotated[list[_Beat], Field(json_schema_extra={"maxItems": MAX_BEATS})]
    evidence_ids: list[str]

    def texts(self) -> Iterable[str]:
        """What is checked against the evidence alone."""
        return self.title, self.why


@dataclass(frozen=True)
class Board:
    """A storyboard that held, with times."""

    title: str
    why: str
    evidence_ids: Sequence[str]
    beats: Sequence[dict[str, Any]]

    @property
    def shot(self) -> str:
        """What it films: the shot of the demonstration, else the longest one."""
        demo = [beat["shot"] for beat in self.beats if beat["kind"] == "demo" and beat["shot"]]
        return str(demo[0] if demo else max((beat["shot"] for beat in self.beats), key=len))


def timed(board: Storyboard, ground: Ground, known: Quotables) -> Board | None:
    """The script with the times of its beats; None if it does not hold as a whole.

    A beat lasts as long as its words need.
    """
    beats = board.beats[:MAX_BEATS]
    cited = [*board.evidence_ids, *named_in([board.why], known)]
    is_free = speakable([beat.shot for beat in beats], ground)
    is_held = ground.cites(cited) and all(
        ground.allows(without_places(text), cited, is_free) for text in board.texts()
    )
    if not is_held or not all(_holds(beat, cited, ground, is_free) for beat in beats):
        return None
    placed = list(_placed(beats))
    is_whole = len(placed) >= MIN_BEATS and placed[0]["kind"] == "hook" and placed[0]["text"]
    if not is_whole or not MIN_SECONDS <= placed[-1]["to_s"] <= MAX_SECONDS:
        return None
    return Board(
        title=as_line(board.title, MAX_TITLE_CHARACTERS).rstrip("."),
        why=as_line(quoted(board.why, known), MAX_WHY_CHARACTERS),
        evidence_ids=sorted(set(cited)),
        beats=placed,
    )


def _placed(beats: Sequence[_Beat]) -> Iterator[dict[str, Any]]:
    start = 0
    for beat in beats:
        needed = math.ceil(len(beat.spoken.split()) / WORDS_PER_SECOND)
        end = start + max(1, beat.seconds, needed)
        yield {
            "from_s": start,
            "to_s": end,
            "kind": beat.kind,
            "text": as_line(beat.spoken, MAX_SPOKEN_CHARACTERS),
            "on_screen": as_line(beat.on_screen, MAX_SEEN_CHARACTERS),
            "shot": as_line(beat.shot, MAX_SHOT_CHARACTERS),
        }
        start = end


def _holds(beat: _Beat, evidence_ids: Sequence[str], ground: Ground, is_free: IsFree) -> bool:
    said = (beat.spoken, beat.on_screen)
    return (
        bool(as_line(beat.shot) or as_line(beat.spoken))
        and all(ground.allows(text, evidence_ids, is_free) for text in said)
        and may_instruct(beat.shot, evidence_ids, ground)
    )


def may_instruct(text: str, evidence_ids: Sequence[str], ground: Ground) -> bool:
    """Whether it is clean and states no statistic that the evidence lacks."""
    known = ground.figures(evidence_ids)
    return ground.is_own(text) and not any(
        is_statistic(figure) and figure not in known and not is_part(figure, text, ground.locale)
        for figure in mentions(without_dates(text, ground.days, ground.locale), ground.locale)
    )


def speakable(shots: Iterable[str], ground: Ground) -> IsFree:
    """Whether a number needs no evidence beside these shots: they show it, or it counts off."""
    shown = {figure for shot in shots for figure in mentions(shot, ground.locale)}

    def is_free(figure: Figure) -> bool:
        is_shown = figure in shown and not is_told(figure)
        return is_shown or is_counted_off(figure) or ground.is_stated(figure)

    return is_free
