"""What sets the video apart from other posts, and what speaks against trusting the comparison.

Engagement rate is a metric and no driver: it does not predict later growth (docs/evaluation.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workers.insights.documents import Counter, Driver, Metric
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Video
from workers.insights.statistics import percentile_of
from workers.insights.virality.stands_out import (
    MIN_PEERS,
    Outlier,
    basis_text,
    percentile,
    saves_per_like,
    times,
)

Rate = Callable[[Video], float | None]

NOTABLY_HIGH, NOTABLY_LOW = 80.0, 20.0


def _per_view(count: int | None, views: int | None) -> float | None:
    return count / views if count is not None and views else None


def engagement_rate(video: Video) -> float | None:
    counted = [video.likes, video.comments, video.shares]
    if any(count is None for count in counted):
        return None
    return _per_view(sum(count or 0 for count in counted), video.views)


RATES: dict[str, Rate] = {
    "share_rate": lambda video: _per_view(video.shares, video.views),
    "save_rate": lambda video: _per_view(video.saves, video.views),
    "saves_per_like": saves_per_like,
    "comment_rate": lambda video: _per_view(video.comments, video.views),
    "like_rate": lambda video: _per_view(video.likes, video.views),
    "engagement_rate": engagement_rate,
}


def metrics(
    subject: Video | None, outlier: Outlier | None, videos: Sequence[Video], log: EvidenceLog
) -> tuple[Metric, ...]:
    if subject is None:
        return ()
    peers, basis = _peers(subject, videos)
    rows = [_outlier_metric(outlier, log)] if outlier is not None else []
    return (*rows, *(_metric(name, subject, peers, basis, log) for name in RATES))


def drivers(subject: Video | None, videos: Sequence[Video], log: EvidenceLog) -> tuple[Driver, ...]:
    """What sets the video apart from its creator's other posts. It may not be the cause.

    Shares per view are the only driver. On held-out data they rise with views, but only among the
    posts of one creator.
    """
    if subject is None:
        return ()
    value = RATES["share_rate"](subject)
    posts = _own_posts(subject, videos)
    sample = [rate for post in posts if (rate := RATES["share_rate"](post)) is not None]
    if value is None or len(sample) < MIN_PEERS:
        return ()
    place, n = percentile_of(value, sample), len(sample)
    if NOTABLY_LOW < place < NOTABLY_HIGH:
        return ()
    side = "higher" if place >= NOTABLY_HIGH else "lower"
    share = place if side == "higher" else 100 - place
    most = f"all {n}" if share == 100 else f"{min(99, round(share))} % of {n}"
    said = f"Shares per view are {side} than in {most} other posts of its creator"
    driver = Driver(
        factor="share_rate",
        direction="up" if side == "higher" else "down",
        text=f"{said}; within a creator's posts, more shares go with more views.",
        n=n,
        evidence_ids=(log.add("video", f"{said}.", [subject.ref]),),
    )
    return (driver,)


def counter_evidence(
    subject: Video | None, outlier: Outlier | None, log: EvidenceLog
) -> tuple[Counter, ...]:
    """Reasons to doubt that the video stands out."""
    if subject is None or outlier is None:
        return ()
    found = []
    if outlier.low <= 1 <= outlier.high:
        found.append("The interval of the ratio includes 1: it may be an ordinary post.")
    if outlier.basis == "followers":
        found.append(
            "Estimated from the number of followers: too few other posts of its creator are known."
        )
    elif outlier.n < 10:
        found.append(f"The baseline rests on {outlier.n} posts only.")
    evidence = log.add("video", "The views of the video and their baseline.", [subject.ref])
    return tuple(Counter(text=text, evidence_ids=(evidence,)) for text in found)


def _peers(subject: Video, videos: Sequence[Video]) -> tuple[list[Video], str]:
    """The creator's other posts if there are enough, otherwise all other posts."""
    own = _own_posts(subject, videos)
    if len(own) >= MIN_PEERS:
        return own, "other posts of its creator"
    others = [video for video in videos if video.ref != subject.ref and video.views]
    return others, "other collected posts"


def _own_posts(subject: Video, videos: Sequence[Video]) -> list[Video]:
    return [
        video
        for video in videos
        if video.ref != subject.ref and video.views and video.author.ref == subject.author.ref
    ]


def _metric(
    name: str, subject: Video, peers: Sequence[Video], basis: str, log: EvidenceLog
) -> Metric:
    value = RATES[name](subject)
    if value is None:
        text = "the source gives no such count"
        return Metric(name=name, value=None, basis=text, n=0, status="unavailable", evidence_ids=())
    sample = [rate for peer in peers if (rate := RATES[name](peer)) is not None]
    evidence = log.add("video", "Public counts of the video.", [subject.ref], url=subject.url)
    return Metric(
        name=name,
        value=round(value, 4),
        percentile=(round(percentile_of(value, sample), 1) if len(sample) >= MIN_PEERS else None),
        basis=basis,
        n=len(sample),
        status="measured",
        evidence_ids=(evidence,),
    )


def _outlier_metric(outlier: Outlier, log: EvidenceLog) -> Metric:
    paraphrase = f"The video has {times(outlier)} {basis_text(outlier)}."
    evidence = log.add("video", paraphrase, [outlier.video.ref], url=outlier.video.url)
    return Metric(
        name="outlier_ratio",
        value=round(outlier.ratio, 2),
        percentile=round(percentile(outlier.ratio), 1),
        interval=(round(outlier.low, 2), round(outlier.high, 2)),
        basis=basis_text(outlier),
        n=outlier.n,
        status="measured",
        evidence_ids=(evidence,),
    )
