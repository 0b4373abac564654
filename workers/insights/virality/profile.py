"""Which posts of a profile stand out from its other posts, and what they have in common.

Counts and medians of the posts that were collected: a pattern to try, not a cause.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from workers.insights.documents import Comparable, HookType
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Video
from workers.insights.statistics import Z80, wilson
from workers.insights.virality.comparables import comparable, standouts
from workers.insights.virality.drivers import RATES
from workers.insights.virality.hooks import hook_type
from workers.insights.virality.patterns import MIN_Z, PATTERN_RATIO, difference
from workers.insights.virality.stands_out import Outlier

MAX_SHOWN = 10  # of a profile's own posts
LEAST_STANDOUTS = 3  # fewer share nothing that could be told from chance


@dataclass(frozen=True, slots=True)
class SharedOpening:
    """`k` of the posts that stand out open like this, and `other_k` of the others."""

    hook: HookType
    k: int
    other_k: int
    evidence_id: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Of `collected` posts those that can be compared: `n` stand out, `others` do not.

    Medians are None where lengths are unknown. `shared` compares medians of shares per view; None
    where they do not differ beyond chance.
    """

    collected: int
    n: int
    others: int
    best: tuple[Comparable, ...]
    opening: SharedOpening | None
    seconds: float | None
    other_seconds: float | None
    shared: float | None = None
    shared_evidence: tuple[str, ...] = ()

    @property
    def posts(self) -> int:
        return self.n + self.others


def profile_of(
    videos: Sequence[Video], found: Mapping[str, Outlier], log: EvidenceLog
) -> Profile | None:
    """Of the creator of the profile; None without posts."""
    authors = Counter(video.author.ref for video in videos if video.role != "niche")
    if not authors:
        return None
    [(author, collected)] = authors.most_common(1)
    own = {
        ref: outlier
        for ref, outlier in found.items()
        if outlier.video.author.ref == author and outlier.basis == "creator_median"
    }
    best = standouts(own, None)
    refs = {outlier.video.ref for outlier in best}
    others = [outlier for outlier in own.values() if outlier.video.ref not in refs]
    shared = _shared_more(best, others)
    refs_of_both = [outlier.video.ref for outlier in own.values()]
    evidence = log.add("video", "Shares per view of the posts.", refs_of_both) if shared else None
    return Profile(
        collected=collected,
        n=len(best),
        others=len(others),
        best=tuple(comparable(outlier, log) for outlier in best[:MAX_SHOWN]),
        opening=_shared_opening(best, others, log),
        seconds=_median_seconds(best),
        other_seconds=_median_seconds(others),
        shared=shared,
        shared_evidence=(evidence,) if evidence else (),
    )


def _shared_more(best: Sequence[Outlier], others: Sequence[Outlier]) -> float | None:
    """How much more often the best are shared per view. Within creators shares go with views."""
    rates, other_rates = (
        [rate for o in group if (rate := RATES["share_rate"](o.video)) is not None]
        for group in (best, others)
    )
    if len(rates) < LEAST_STANDOUTS or len(other_rates) < LEAST_STANDOUTS:
        return None
    z, ratio = difference(rates, other_rates)
    return round(ratio, 2) if z >= MIN_Z and ratio >= PATTERN_RATIO else None


def _shared_opening(
    best: Sequence[Outlier], others: Sequence[Outlier], log: EvidenceLog
) -> SharedOpening | None:
    """The opening of most of the best, if it is rarer among the others beyond chance."""
    hooks = Counter(hook_type(outlier.video.text) for outlier in best)
    del hooks["none"]
    if len(best) < LEAST_STANDOUTS or not hooks or not others:
        return None
    [(hook, k)] = hooks.most_common(1)
    other_k = sum(hook_type(outlier.video.text) == hook for outlier in others)
    low, _ = wilson(k / len(best), len(best), Z80)
    if k < 2 or low <= other_k / len(others):
        return None
    refs = [o.video.ref for o in best if hook_type(o.video.text) == hook]
    evidence = log.add("video", f"Posts that stood out and open alike: {hook}.", refs)
    return SharedOpening(hook, k, other_k, evidence)


def _median_seconds(posts: Sequence[Outlier]) -> float | None:
    lengths = [o.video.duration_seconds for o in posts if o.video.duration_seconds]
    return round(median(lengths)) if lengths else None
