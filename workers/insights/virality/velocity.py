"""How fast a video gains views, measured between two analyses of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from pydantic import TypeAdapter

from workers.insights.documents import Counts, Stage, Velocity
from workers.insights.inputs import Snapshot, Video
from workers.insights.virality.stands_out import age_days, maturity

SHORTEST_GAP_SECONDS = 3600  # counts are refreshed in steps; over minutes they show noise
HEATING, SATURATING = 1.5, 0.5
KEPT_POSTS, KEPT_LOOKS = 30, 5
_COUNTS = TypeAdapter(tuple[Counts, ...])


def counts(
    subject: Video | None, videos: Sequence[Video], earlier: Sequence[Snapshot], now: datetime
) -> tuple[Counts, ...]:
    """Views that the next analysis compares with: of the creator's posts, and of earlier looks."""
    if subject is None:
        return ()
    own = [video for video in videos if video.author.ref == subject.author.ref]
    own.sort(key=lambda video: (video.ref != subject.ref, age_days(video, now) or 0.0))
    looks = [
        (v.ref, v.collected_at or now, v.views) for v in own[:KEPT_POSTS] if v.views is not None
    ]
    past = _past(subject, earlier, now)[-KEPT_LOOKS:]
    looks += [(snapshot.ref, snapshot.taken_at, snapshot.views) for snapshot in past]
    return tuple(Counts(pseudonym=ref, taken_at=at, views=views) for ref, at, views in looks)


def snapshots_of(content: Mapping[str, object]) -> tuple[Snapshot, ...]:
    """The counts kept in an earlier `virality_breakdown`, for `Collection.earlier`."""
    kept = _COUNTS.validate_python(content.get("counts", ()))
    return tuple(Snapshot(item.pseudonym, item.taken_at, item.views) for item in kept)


def velocity(video: Video | None, earlier: Sequence[Snapshot], now: datetime) -> Velocity:
    age = age_days(video, now) if video is not None else None
    if video is None or video.views is None or age is None:
        return Velocity(
            views_per_hour=None,
            snapshots=0,
            age_hours=None,
            basis="no video with views and a date",
            status="unavailable",
        )
    past = _past(video, earlier, now)
    if not past:
        return Velocity(
            views_per_hour=round(video.views / max(1.0, age * 24), 1),
            snapshots=1,
            age_hours=round(age * 24, 1),
            basis="average over the video's life; its speed now shows after a second analysis",
            status="lifetime_average",
        )
    speeds = _speeds(video, past, now)
    return Velocity(
        views_per_hour=round(speeds[-1], 1),
        snapshots=len(past) + 1,
        acceleration=round(speeds[-1] / speeds[-2] - 1, 2)
        if len(speeds) > 1 and speeds[-2]
        else None,
        age_hours=round(age * 24, 1),
        basis=f"views gained since {past[-1].taken_at:%Y-%m-%d %H:%M} UTC",
        status="measured",
    )


def stage(video: Video | None, earlier: Sequence[Snapshot], now: datetime) -> Stage:
    """The growth since the last look against what posts of that age usually gain meanwhile."""
    past = _past(video, earlier, now) if video is not None else []
    if (
        video is None
        or video.created_at is None
        or not video.views
        or not past
        or not past[-1].views
    ):
        return "insufficient_data"
    age_then = (past[-1].taken_at - video.created_at).total_seconds() / 86_400
    age_now = age_days(video, now)
    if age_now is None or age_then < 0:
        return "insufficient_data"
    usual = math.log(maturity(age_now) / maturity(age_then))
    seen = math.log(max(video.views, past[-1].views) / past[-1].views)
    if seen >= HEATING * usual + 0.05:
        return "heating"
    return "saturating" if seen <= SATURATING * usual - 0.01 else "steady"


def _past(video: Video, earlier: Sequence[Snapshot], now: datetime) -> list[Snapshot]:
    """Oldest first, each long enough before the next."""
    kept: list[Snapshot] = []
    end = video.collected_at or now
    for snapshot in sorted(earlier, key=lambda item: item.taken_at, reverse=True):
        if (
            snapshot.ref == video.ref
            and (end - snapshot.taken_at).total_seconds() >= SHORTEST_GAP_SECONDS
        ):
            kept.append(snapshot)
            end = snapshot.taken_at
    return kept[::-1]


def _speeds(video: Video, past: Sequence[Snapshot], now: datetime) -> list[float]:
    points = [(item.taken_at, item.views) for item in past]
    points.append((video.collected_at or now, video.views or 0))
    return [
        max(0, views - views_before) / ((taken_at - taken_before).total_seconds() / 3600)
        for (taken_before, views_before), (taken_at, views) in pairwise(points)
    ]
