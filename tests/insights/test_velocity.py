"""Speed is measured between two looks, never guessed from one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.insights.samples import NOW, analysed, contents, make_posts, make_video
from workers.insights.inputs import Snapshot
from workers.insights.virality.velocity import snapshots_of, stage, velocity


def _snapshot(video, *, hours_ago, views):
    return Snapshot(video.ref, NOW - timedelta(hours=hours_ago), views)


def test_one_look_gives_an_average_and_says_so():
    video = make_video(days_old=10, views=24_000)
    found = velocity(video, (), NOW)
    assert (found.views_per_hour, found.snapshots, found.status) == (100, 1, "lifetime_average")
    assert stage(video, (), NOW) == "insufficient_data"


def test_two_looks_give_the_speed_between_them():
    video = make_video(days_old=10, views=24_000)
    found = velocity(video, [_snapshot(video, hours_ago=10, views=23_000)], NOW)
    assert (found.views_per_hour, found.snapshots, found.status) == (100, 2, "measured")
    assert found.acceleration is None


def test_three_looks_give_the_change_of_speed():
    video = make_video(days_old=10, views=24_000)
    looks = [
        _snapshot(video, hours_ago=10, views=23_000),
        _snapshot(video, hours_ago=20, views=22_500),
    ]
    assert velocity(video, looks, NOW).acceleration == 1.0


def test_looks_minutes_apart_and_looks_at_other_videos_do_not_count():
    video, other = make_video(days_old=10, views=24_000), make_video()
    looks = [
        _snapshot(video, hours_ago=0.5, views=23_900),
        _snapshot(other, hours_ago=10, views=1),
    ]
    assert velocity(video, looks, NOW).status == "lifetime_average"


@pytest.mark.parametrize(
    ("views_before", "expected"), [(40_000, "heating"), (85_000, "steady"), (99_990, "saturating")]
)
def test_the_stage_compares_with_what_posts_of_that_age_usually_gain(views_before, expected):
    video = make_video(days_old=6, views=100_000)
    assert stage(video, [_snapshot(video, hours_ago=48, views=views_before)], NOW) == expected


def test_the_counts_of_one_analysis_make_the_speed_of_the_next():
    posts = make_posts("ana", [1000] * 6)
    subject = make_video("ana", role="subject", days_old=4, views=5000)
    first = contents(analysed(videos=(*posts, subject)))[1]
    later = replace(subject, views=8600, collected_at=NOW + timedelta(hours=36))
    second = contents(analysed(videos=(*posts, later), earlier=snapshots_of(first)))[1]
    assert second["velocity"]["views_per_hour"] == 100
    assert second["stage"] == "heating"


def test_older_looks_are_handed_on_so_that_a_change_of_speed_shows():
    subject = make_video("ana", role="subject", days_old=4, views=5000)
    looks = [contents(analysed(videos=(subject,)))[1]]
    for hours, views in ((24, 7400), (48, 8600)):
        seen = replace(subject, views=views, collected_at=NOW + timedelta(hours=hours))
        looks.append(contents(analysed(videos=(seen,), earlier=snapshots_of(looks[-1])))[1])
    assert [look["velocity"]["snapshots"] for look in looks] == [1, 2, 3]
    assert looks[-1]["velocity"]["acceleration"] == -0.5


def test_an_analysis_without_kept_counts_gives_no_looks():
    assert snapshots_of({}) == ()
