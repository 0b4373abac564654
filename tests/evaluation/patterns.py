"""Do patterns among a creator's posts last? `python -m tests.evaluation.patterns DATA`.

They are found in the first posts of each creator and looked up in the later ones. The held-out half
of the creators is judged. Kinds were kept that lasted on both halves, so both were seen.
As a command it prints `workers/insights/resources/patterns.toml`.
"""

from __future__ import annotations

import math
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from tests.evaluation import data
from tests.evaluation.followers import NOW
from tests.evaluation.thresholds import Finding
from workers.insights.documents import Pattern
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Video
from workers.insights.virality.patterns import own_posts, patterns, rare_topic
from workers.insights.virality.stands_out import BREAKOUT_RATIO, Grown

KINDS = ("short", "topic", "again", "level")
MIN_RECORD = 15
KNOWN = 0.6  # share of the posts that patterns are found in
NEXT = 5  # later posts that a level is judged by
FOLLOWING = 8  # posts after the best one that may take its topic up
DRAWS = 400


@dataclass(frozen=True, slots=True)
class Lasted:
    """`ratios` are logs: later posts with the pattern against those without it."""

    ratios: tuple[float, ...]

    @property
    def held(self) -> float:
        return fmean(ratio > 0 for ratio in self.ratios)

    @property
    def interval(self) -> tuple[float, float]:
        chance = random.Random(1)
        drawn = sorted(
            median(chance.choices(self.ratios, k=len(self.ratios))) for _ in range(DRAWS)
        )
        return drawn[int(0.025 * DRAWS)], drawn[int(0.975 * DRAWS)]


def judge(folder: Path) -> list[Finding]:
    """The kind whose later posts confirm it least."""
    found = lasted(data.creators(folder))
    mixed = lasted(data.creators(folder), shuffled=True)
    low = {kind: one.interval[0] for kind, one in found.items()}
    told = ", ".join(
        f"{kind} ×{math.exp(median(one.ratios)):.2f} ({math.exp(one.interval[0]):.2f} to "
        f"{math.exp(one.interval[1]):.2f}), held {one.held:.0%} of {len(one.ratios)}"
        for kind, one in found.items()
    )
    by_chance = ", ".join(
        f"{kind} ×{math.exp(median(one.ratios)):.2f}" for kind, one in mixed.items() if one.ratios
    )
    n = sum(len(one.ratios) for one in found.values())
    beside = f"{told}; constant 1, later posts shuffled {by_chance}"
    return [Finding("patterns_last", math.exp(min(low.values())), n, beside)]


def lasted(creators: dict[str, list[Video]], *, shuffled: bool = False) -> dict[str, Lasted]:
    """Of the held-out creators, by kind. `shuffled` gives later posts each other's views."""
    ratios: defaultdict[str, list[float]] = defaultdict(list)
    chance = random.Random(2)
    for author, videos in sorted(creators.items()):
        posts = own_posts(videos, author, NOW)
        if not data.is_held_out(author) or len(posts) < MIN_RECORD:
            continue
        place = int(KNOWN * len(posts))
        known, later = posts[:place], posts[place:]
        if shuffled:
            values = chance.sample([value for _, value in later], len(later))
            later = [(video, value) for (video, _), value in zip(later, values, strict=True)]
        seen = [video for video, _ in known]
        for pattern in patterns(seen, author, {}, NOW, EvidenceLog(b"evaluation")):
            kind = "level" if pattern.kind.startswith("level") else pattern.kind
            ratios[kind] += _later(pattern, known, later)
        ratios["again"] += _taken_up(posts, chance if shuffled else None)
    return {kind: Lasted(tuple(ratios[kind])) for kind in KINDS}


def _later(pattern: Pattern, known: Sequence[Grown], later: Sequence[Grown]) -> Iterator[float]:
    if pattern.kind in {"level_up", "level_down"}:
        older = median(value for _, value in known[: len(known) // 2])
        ratio = median(value for _, value in later[:NEXT]) - older
        yield ratio if pattern.kind == "level_up" else -ratio
        return
    those = [value for video, value in later if _has_pattern(pattern, video) is True]
    others = [value for video, value in later if _has_pattern(pattern, video) is False]
    if min(len(those), len(others)) >= 2:
        yield median(those) - median(others)


def _has_pattern(pattern: Pattern, video: Video) -> bool | None:
    """Whether a post is of the pattern; None if that is not known."""
    if pattern.kind == "short":
        return video.duration_seconds <= (pattern.seconds or 0) if video.duration_seconds else None
    return pattern.tag in {tag.lower() for tag in video.hashtags}


def _taken_up(posts: Sequence[Grown], chance: random.Random | None) -> Iterator[float]:
    """After each breakout: posts that take its topic up against the others."""
    for place, (video, value) in enumerate(posts):
        others = [other for number, (_, other) in enumerate(posts) if number != place]
        if value - median(others) < math.log(BREAKOUT_RATIO):
            continue
        tag = rare_topic(video, [before for before, _ in posts[:place]])
        following = list(posts[place + 1 : place + 1 + FOLLOWING])
        if chance is not None:
            values = chance.sample([later for _, later in following], len(following))
            following = [(post, v) for (post, _), v in zip(following, values, strict=True)]
        again = [later for post, later in following if tag and tag in post.hashtags]
        rest = [later for post, later in following if not (tag and tag in post.hashtags)]
        if again and rest:
            yield fmean(again) - fmean(rest)


def main(folder: Path) -> None:
    for kind, one in lasted(data.creators(folder)).items():
        low, high = (round(math.exp(end), 2) for end in one.interval)
        sys.stdout.write(
            f'[[patterns]]\nkind = "{kind}"\nn = {len(one.ratios)}\nheld = {one.held:.2f}\n'
            f"ratio = {math.exp(median(one.ratios)):.2f}\nci95 = [{low}, {high}]\n\n"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
