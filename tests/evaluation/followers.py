"""Fits how views follow from followers: `python -m tests.evaluation.followers DATA`.

Prints the constants of `workers.insights.virality.stands_out`. Half of the creators are held out
for the evaluation.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np

from tests.evaluation import data
from workers.insights.inputs import Video
from workers.insights.virality.stands_out import grown_log_views

NOW = datetime(2020, 12, 1, tzinfo=UTC)
LEAST_POSTS = 10  # fewer make no median to be the truth
# Shares of posts at which the quantiles are read, and how many posts around each count.
KNOTS = (
    *((0.005, 0.01), (0.05, 0.04), (0.25, 0.04), (0.5, 0.04), (0.75, 0.04), (0.9, 0.04)),
    *((0.95, 0.015), (0.98, 0.015), (0.995, 0.01)),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A post, its full-grown log views, and its log ratio to the median of the others."""

    video: Video
    value: float
    truth: float


@dataclass(frozen=True, slots=True)
class Fitted:
    intercept: float
    slope: float
    creators: int
    knots: tuple[tuple[float, ...], ...]


def judged(videos: list[Video]) -> Iterator[Judged]:
    """Every post of a creator of whom enough are known."""
    posts = [(v, value) for v in videos if (value := grown_log_views(v, NOW)) is not None]
    if len(posts) < LEAST_POSTS:
        return
    for place, (video, value) in enumerate(posts):
        others = [other for number, (_, other) in enumerate(posts) if number != place]
        yield Judged(video, value, value - median(others))


def fitted(creators: dict[str, list[Video]]) -> Fitted:
    """A line through the creators' medians, then quantiles of the truth along the distance."""
    posts = {author: list(judged(videos)) for author, videos in creators.items()}
    known = {a: p for a, p in posts.items() if p and p[0].video.author.followers}
    followers = {a: math.log(p[0].video.author.followers or 1) for a, p in known.items()}
    slope, intercept = (
        round(float(number), 2)
        for number in np.polyfit(
            list(followers.values()), [median(j.value for j in p) for p in known.values()], 1
        )
    )
    rows = sorted(
        (post.value - intercept - slope * followers[author], post.truth)
        for author, found in known.items()
        for post in found
    )
    return Fitted(intercept, slope, len(known), tuple(_knots(np.array(rows))))


def _knots(rows: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Iterator[tuple[float, ...]]:
    for share, around in KNOTS:
        near = rows[int(max(0.0, share - around) * len(rows)) : int((share + around) * len(rows))]
        places = np.quantile(near[:, 1], [0.1, 0.5, 0.9])
        yield tuple(round(float(number), 2) for number in (np.median(near[:, 0]), *places))


def main(folder: Path) -> None:
    creators = data.creators(folder)
    found = fitted({a: videos for a, videos in creators.items() if not data.is_held_out(a)})
    lines = [
        f"FOLLOWERS_INTERCEPT = {found.intercept}",
        f"FOLLOWERS_SLOPE = {found.slope}",
        f"FOLLOWERS_CREATORS = {found.creators}",
        *(f"    {knot}," for knot in found.knots),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
