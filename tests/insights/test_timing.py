"""Posting hours: advice only where newer posts confirm what older ones suggested."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from tests.insights.samples import make_video
from workers.insights.virality.score import outliers
from workers.insights.virality.timing import timing

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def _timing(posts, lift_at):
    """One post a day at alternating hours; `lift_at(day, hour)` multiplies its views."""
    chance = random.Random(7)
    videos = [
        make_video(
            "ana",
            created_at=FIRST + timedelta(days=day, hours=hour),
            collected_at=FIRST + timedelta(days=900),
            views=round(1000 * lift_at(day, hour) * chance.uniform(0.8, 1.25)),
        )
        for day in range(posts)
        for hour in [(9, 19)[day % 2]]
    ]
    return timing(outliers(videos, FIRST), "author-ana")


def test_hours_that_hold_on_newer_posts_are_supported():
    found = _timing(80, lambda _, hour: 3 if hour == 19 else 1)
    assert found.supported
    (window,) = found.windows
    assert (window.from_hour_utc, window.to_hour_utc) == (16, 20)
    assert 1 < window.lift_ci[0] < window.lift


def test_hours_that_were_good_only_once_are_not_supported():
    found = _timing(80, lambda day, hour: 3 if hour == 19 and day < 40 else 1)
    assert not found.supported
    assert found.reason == "the best hours of older posts were no better on newer ones"


def test_few_posts_are_not_enough():
    found = _timing(12, lambda _, hour: 3 if hour == 19 else 1)
    assert (found.supported, found.n) == (False, 12)


def test_posts_of_other_creators_are_no_evidence():
    assert timing(outliers([make_video("ben")] * 50, FIRST), "author-ana").n == 0
