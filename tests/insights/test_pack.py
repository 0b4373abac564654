"""The pack: what to film next, resting on what was found."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.insights.samples import (
    KEY,
    NOW,
    analysed,
    contents,
    make_collection,
    make_comments,
    make_posts,
    make_video,
    varied,
)
from workers.insights.analysis import analyse
from workers.insights.documents import PackConfiguration, SentimentSummary, ViralityBreakdown
from workers.insights.inputs import ProductFacts
from workers.insights.pack.facts import spoken_name

QUESTIONS = varied("does it fit a cup holder?", 12)
PRAISE = varied("I love the taste", 9)
COMPLAINTS = varied("mine leaks, terrible lid", 6)
FACTS = ProductFacts(
    name="Bottle", price=Decimal("34.00"), currency="USD", rating=4.4, review_count=312, sku="B"
)


def _collected():
    return {
        "comments": make_comments(*QUESTIONS, *PRAISE, *COMPLAINTS),
        "videos": (*make_posts("ana", [1000] * 8), make_video("ana", role="subject", views=9000)),
        "product": FACTS,
    }


def _pack(**fields):
    return analysed(**fields).pack.configuration


def test_everything_produced_has_its_shape():
    sentiment, virality, pack = contents(analysed(**_collected()))
    SentimentSummary.model_validate(sentiment)
    ViralityBreakdown.model_validate(virality)
    PackConfiguration.model_validate(pack)


def test_angles_follow_what_people_say_most():
    angles = _pack(**_collected())["angles"]
    assert [(angle["theme"], angle["proof"]) for angle in angles] == [
        ("question:size", "12 of 27 comments ask."),
        ("praise:taste", "9 of 27 comments say so."),
        ("pain:leaking", "6 of 27 comments complain about it."),
    ]


def test_every_hook_of_a_theme_cites_the_comments_it_rests_on():
    pack = _pack(**_collected())
    evidence = {item["id"]: item for item in pack["evidence"]}
    first = pack["hooks"][0]
    assert first["why"] == "12 of 27 comments ask about the size."
    assert [evidence[cited]["n"] for cited in first["evidence_ids"]] == [12]


def test_stated_facts_become_hooks_with_their_source():
    pack = _pack(**_collected())
    evidence = {item["id"]: item["paraphrase"] for item in pack["evidence"]}
    hooks = {hook["text"]: hook for hook in pack["hooks"]}
    price = hooks["34.00 USD for the Bottle: here is what you get for it."]
    assert [evidence[cited] for cited in price["evidence_ids"]] == [
        "The product page states a price of 34.00 USD."
    ]


def test_a_rating_without_reviews_is_not_used():
    pack = _pack(product=ProductFacts(name="Bottle", rating=5.0))
    assert not any("5.0" in hook["text"] for hook in pack["hooks"])


def test_scripts_fill_thirty_seconds_without_gaps():
    for script in _pack(**_collected())["script_templates"]:
        beats = script["beats"]
        assert [beat["kind"] for beat in beats] == [
            "hook",
            "problem",
            "demo",
            "proof",
            "payoff",
            "cta",
        ]
        assert [beat["from_s"] for beat in beats] == [0, *(beat["to_s"] for beat in beats[:-1])]
        assert beats[-1]["to_s"] == script["duration_s"] == 30


def test_a_complaint_becomes_something_not_to_promise():
    donts = _pack(**_collected())["donts"]
    assert donts[0] == "Don't promise that it stays tight: 6 comments say that it leaks."


def test_with_nothing_collected_the_pack_says_so_and_still_helps():
    pack = _pack()
    assert pack["headline"] == "Bottle: not enough said about it yet"
    assert pack["score"] == {
        "value": None,
        "band": "insufficient_data",
        "confidence": "insufficient_data",
    }
    assert [angle["theme"] for angle in pack["angles"]] == ["first_look"]
    assert [hook["evidence_ids"] for hook in pack["hooks"]] == [[], [], []]
    assert pack["confidence"]["level"] == "insufficient_data"


def test_a_pack_of_a_rising_video_expires_sooner():
    pack = _pack(**_collected())
    assert pack["freshness"]["expires_at"] == f"{NOW + timedelta(days=14):%Y-%m-%dT%H:%M:%SZ}"


def test_the_same_input_gives_the_same_output():
    collection = make_collection(**_collected())
    once, again = (
        analyse(collection, product_name="Bottle", now=NOW, ref_key=KEY) for _ in range(2)
    )
    assert once == again


@pytest.mark.parametrize("name", ["B" * 500, "Bottle\u202e\x00 x", "{product} %s {0}", "  "])
def test_any_name_of_a_product_is_printed_as_it_is_and_within_bounds(name):
    analysis = analyse(make_collection(), product_name=name, now=NOW, ref_key=KEY)
    assert len(analysis.pack.name) <= 100
    assert "\x00" not in analysis.pack.configuration["headline"]


def test_a_theme_of_a_few_does_not_lead_where_many_speak_of_another():
    few = varied("does it fit a cup holder?", 3)
    pack = _pack(comments=make_comments(*few, *varied("I love the taste", 30)))
    assert [angle["theme"] for angle in pack["angles"]] == ["praise:taste"]


def test_no_advice_is_given_twice():
    both = (*varied("I love the taste", 9), *varied("the taste is terrible, I hate it", 8))
    pack = _pack(comments=make_comments(*both))
    assert len(pack["dos"]) == len(set(pack["dos"]))
    assert pack["headline"] == "Bottle: opinions of the taste are divided"


def test_hooks_say_how_many_instead_of_exaggerating():
    pack = _pack(comments=make_comments(*QUESTIONS, *PRAISE, *COMPLAINTS))
    said = " ".join(hook["text"] for hook in pack["hooks"])
    assert not [word for word in ("came up most", "again and again", "Mostly") if word in said]


def test_nothing_is_said_of_what_a_hashtag_a_sound_or_an_hour_lifts():
    posts = [
        post
        for number in range(6)
        for post in make_posts(f"s{number}", [1000] * 8 + [9000], hashtags=("mugs",))
    ]
    virality, pack = contents(analysed(videos=tuple(posts)))[1:]
    assert pack["tags"] == virality["tags"] == [{"tag": "mugs", "posts": 6, "authors": 6}]
    assert not re.search(r"lift|hour_utc", json.dumps((virality, pack)))


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("Canon PowerShot G3", "Canon PowerShot G3"),
        ("Walnut lamp - Black, 40 cm", "Walnut lamp"),
        (
            "Cama Box Queen Size Manhattan com Molas Ensacadas",
            "Cama Box Queen Size Manhattan com Molas",
        ),
        (
            "Sofa bed module with backrests and storage for the home",
            "Sofa bed module with backrests and storage",
        ),
        ("Yoga mat 180x60 cm", "Yoga mat"),
        ("B" * 70, "B" * 70),
    ],
)
def test_a_long_name_is_spoken_short(name, spoken):
    assert spoken_name(name) == spoken
