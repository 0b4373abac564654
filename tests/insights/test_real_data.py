"""Real sets through the whole analysis: it holds on what was not written for it."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from tests.evaluation import data as sets
from tests.evaluation import followers, retention
from tests.evaluation.leaks import find_leaks
from tests.insights.samples import KEY, NOW, contents, make_collection, make_comments
from workers.insights.analysis import analyse
from workers.insights.virality import hooks, stands_out
from workers.insights.virality.velocity import snapshots_of
from workers.sources.tiktok.items import read_videos

pytestmark = pytest.mark.data


def _analysed(**fields):
    return contents(
        analyse(
            make_collection(**fields),
            product_name="Test Bottle",
            now=NOW,
            ref_key=KEY,
        )
    )


def test_real_captions_and_comments_do_not_get_out(data):
    items = json.loads((data / sets.ITEMS).read_text())
    videos = read_videos(items, ref_key=KEY, collected_at=NOW).items
    labelled = sets.labelled(data / sets.SENTIMENT / "youtube_comments.csv.gz")
    texts = [row.text for row in random.Random(3).sample(labelled, 400)]
    documents = _analysed(videos=videos, comments=make_comments(*texts, *sets.injections(data)))
    captions = [video.text for video in videos]
    sounds = [video.sound.title for video in videos if video.sound]
    assert find_leaks(documents, [*texts, *captions], exempt=[*sounds, "Test Bottle"]) == []


def test_a_real_creator_is_scored_against_their_own_posts(data):
    posts = max(sets.creators(data).values(), key=len)
    subject = replace(posts[-1], role="subject")
    virality = _analysed(videos=(*posts[:-1], subject))[1]
    assert (virality["stands_out"]["basis"], virality["stands_out"]["n"]) == (
        "creator_median",
        20,
    )


def test_a_video_seen_twice_has_a_speed(data):
    pair = next(pair for pair in sets.pairs(data) if pair.second.views > pair.first.views)
    first = _analysed(videos=(pair.first,))[1]
    earlier = snapshots_of(first)
    second = _analysed(videos=(pair.second,), earlier=earlier)[1]
    assert second["velocity"]["status"] == "measured"
    assert second["velocity"]["views_per_hour"] > 0


def test_the_shipped_estimate_from_followers_is_what_the_data_gives(data):
    creators = sets.creators(data)
    fitted = followers.fitted(
        {ref: posts for ref, posts in creators.items() if not sets.is_held_out(ref)}
    )
    assert fitted == followers.Fitted(
        stands_out.FOLLOWERS_INTERCEPT,
        stands_out.FOLLOWERS_SLOPE,
        stands_out.FOLLOWERS_CREATORS,
        stands_out.FOLLOWERS_RATIO,
    )


def test_the_shipped_retention_is_what_the_data_gives(data):
    pools = retention.pools(sets.retention(data))
    found = {hook: (round(pool.mean, 2), pool.n) for pool in pools for hook in pool.hooks}
    assert found == {item.hook: (item.mean, item.n) for item in hooks.RETENTION}
