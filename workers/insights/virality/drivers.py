"""What sets the video apart from its peers, measured; and what speaks against reading much into it.

Engagement rate is shown because everybody asks for it. It does not predict later growth (rank
correlation -0.08 on posts seen twice), so it drives nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workers.insights.documents import Counter, Driver, Metric
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Video
from workers.insights.statistics import percentile_of
from workers.insights.virality.score import Outlier, basis_text, category_percentile, percentile

Rate = Callable[[Video], float | None]

MINIMUM_PEERS = 8
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
    "saves_per_like": lambda video: _per_view(video.saves, video.likes),
    "comment_rate": lambda video: _per_view(video.comments, video.views),
    "like_rate": lambda video: _per_view(video.likes, video.views),
    "engagement_rate": engagement_rate,
}
# Which of them say something, and what: (name, as shown, reading when high).
TELLING = (
    ("share_rate", "Shares per view", "within a creator's posts, more shares go with more views"),
    ("saves_per_like", "Saves per like", "posts that are saved more than liked kept growing more"),
)


def metrics(
    subject: Video | None, outlier: Outlier | None, videos: Sequence[Video], log: EvidenceLog
) -> tuple[Metric, ...]:
    if subject is None:
        return ()
    peers, basis = _peers(subject, videos)
    rows = [_outlier_metric(outlier, log)] if outlier is not None else []
    return (*rows, *(_metric(name, subject, peers, basis, log) for name in RATES))


def drivers(subject: Video | None, videos: Sequence[Video], log: EvidenceLog) -> tuple[Driver, ...]:
    """Differences from peers that held-out data gives a meaning to; never called causes."""
    if subject is None:
        return ()
    peers, basis = _peers(subject, videos)
    found = []
    for name, shown, reading in TELLING:
        place = _place(RATES[name], subject, peers)
        if place is None or NOTABLY_LOW < place < NOTABLY_HIGH:
            continue
        side = "higher" if place >= NOTABLY_HIGH else "lower"
        share = place if side == "higher" else 100 - place
        most = "all" if round(share) == 100 else f"{share:.0f} % of"
        text = f"{shown} {side} than in {most} {basis}; {reading}."
        evidence = log.add("video", f"{shown}: {side} than {share:.0f} % of peers.", [subject.ref])
        found.append(
            Driver(
                factor=name,
                direction="up" if side == "higher" else "down",
                strength="measured",
                text=text,
                n=len(peers),
                evidence_ids=(evidence,),
            )
        )
    return tuple(found)


def saves_place(subject: Video | None, videos: Sequence[Video]) -> float | None:
    """Percentile of saves per like among the posts of other creators."""
    if subject is None:
        return None
    others = [video for video in videos if video.author.ref != subject.author.ref]
    return _place(RATES["saves_per_like"], subject, others)


def counter_evidence(
    subject: Video | None, outlier: Outlier | None, log: EvidenceLog
) -> tuple[Counter, ...]:
    """What a careful reader would object."""
    if subject is None or outlier is None:
        return ()
    found = []
    if outlier.low <= 1 <= outlier.high:
        text = "The interval of the ratio includes 1: it may be an ordinary post of this creator."
        found.append(text)
    if outlier.baseline.basis == "category":
        found.append("Compared with other creators, not with its own: a large account looks viral.")
    if outlier.baseline.n < 10:
        found.append(f"The baseline rests on {outlier.baseline.n} posts only.")
    evidence = log.add("video", "The compared posts and the spread of their views.", [subject.ref])
    return tuple(Counter(text=text, evidence_ids=(evidence,)) for text in found)


def _peers(subject: Video, videos: Sequence[Video]) -> tuple[list[Video], str]:
    """The creator's own posts where there are enough, else everybody's."""
    others = [video for video in videos if video.ref != subject.ref and video.views]
    own = [video for video in others if video.author.ref == subject.author.ref]
    if len(own) >= MINIMUM_PEERS:
        return own, f"{len(own)} other posts of its creator"
    return others, f"{len(others)} collected posts"


def _place(rate: Rate, subject: Video, peers: Sequence[Video]) -> float | None:
    value = rate(subject)
    sample = [other for peer in peers if (other := rate(peer)) is not None]
    if value is None or len(sample) < MINIMUM_PEERS:
        return None
    return percentile_of(value, sample)


def _metric(
    name: str, subject: Video, peers: Sequence[Video], basis: str, log: EvidenceLog
) -> Metric:
    value = RATES[name](subject)
    place = _place(RATES[name], subject, peers)
    if value is None:
        text = "the source gives no such count"
        return Metric(name=name, value=None, basis=text, n=0, status="unavailable", evidence_ids=())
    evidence = log.add("video", "Public counts of the video.", [subject.ref], url=subject.url)
    return Metric(
        name=name,
        value=round(value, 4),
        percentile=round(place, 1) if place is not None else None,
        basis=basis,
        n=len(peers),
        status="measured",
        evidence_ids=(evidence,),
    )


def _outlier_metric(outlier: Outlier, log: EvidenceLog) -> Metric:
    paraphrase = f"The video has {outlier.ratio:.1f} times the views of {basis_text(outlier)}."
    evidence = log.add("video", paraphrase, [outlier.video.ref], url=outlier.video.url)
    return Metric(
        name="outlier_ratio",
        value=round(outlier.ratio, 2),
        percentile=round(_outlier_place(outlier), 1),
        interval=(round(outlier.low, 2), round(outlier.high, 2)),
        basis=basis_text(outlier),
        n=outlier.baseline.n,
        status="measured",
        evidence_ids=(evidence,),
    )


def _outlier_place(outlier: Outlier) -> float:
    if outlier.baseline.basis == "category":
        return category_percentile(outlier.baseline, outlier.ratio)
    return percentile(outlier.ratio)
