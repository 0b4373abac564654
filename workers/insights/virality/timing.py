"""When to post: only where the creator's own newer posts confirm what their older ones suggested.

For most creators nothing is there to find: the best block of old posts is worth 1.00 times on
new ones.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from workers.insights.documents import Timing, TimingWindow
from workers.insights.statistics import Z95
from workers.insights.virality.score import Outlier

MINIMUM_POSTS = 30
MINIMUM_IN_BLOCK = 5
BLOCK_HOURS = 4
OLDER_PART = 0.6


def timing(found: Mapping[str, Outlier], author_ref: str | None) -> Timing:
    """Picks one block on the older posts and tests that one on the newer: no second try."""
    posts = sorted(
        (o for o in found.values() if o.video.author.ref == author_ref and o.video.created_at),
        key=lambda o: o.video.created_at.timestamp() if o.video.created_at else 0.0,
    )
    if len(posts) < MINIMUM_POSTS:
        reason = f"a test needs {MINIMUM_POSTS} posts of this creator; {len(posts)} are known"
        return Timing(supported=False, reason=reason, n=len(posts))
    cut = round(len(posts) * OLDER_PART)
    older, newer = _blocks(posts[:cut]), _blocks(posts[cut:])
    large = {b: values for b, values in older.items() if len(values) >= MINIMUM_IN_BLOCK}
    if len(large) < 2:
        return Timing(supported=False, reason="all posts fall into the same hours", n=len(posts))
    best = max(large, key=lambda block: fmean(large[block]))
    return _judged(best, newer, len(posts))


def _blocks(posts: Sequence[Outlier]) -> dict[int, list[float]]:
    blocks: defaultdict[int, list[float]] = defaultdict(list)
    for post in posts:
        if post.video.created_at is not None:
            blocks[post.video.created_at.hour // BLOCK_HOURS].append(post.log_ratio)
    return blocks


def _judged(best: int, newer: dict[int, list[float]], n: int) -> Timing:
    inside = newer.get(best, [])
    outside = [value for block, values in newer.items() if block != best for value in values]
    if len(inside) < MINIMUM_IN_BLOCK or len(outside) < MINIMUM_IN_BLOCK:
        return Timing(supported=False, reason="too few newer posts to test the best hours on", n=n)
    lift = fmean(inside) - fmean(outside)
    error = math.hypot(stdev(inside) / len(inside) ** 0.5, stdev(outside) / len(outside) ** 0.5)
    low, high = math.exp(lift - Z95 * error), math.exp(lift + Z95 * error)
    if low <= 1:
        reason = "the best hours of older posts were no better on newer ones"
        return Timing(supported=False, reason=reason, n=n)
    window = TimingWindow(
        from_hour_utc=best * BLOCK_HOURS,
        to_hour_utc=(best + 1) * BLOCK_HOURS % 24,
        lift=round(math.exp(lift), 2),
        lift_ci=(round(low, 2), round(high, 2)),
        n=len(inside),
    )
    reason = "the best hours of older posts held on newer ones"
    return Timing(supported=True, reason=reason, n=n, windows=(window,))
