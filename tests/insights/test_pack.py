"""The pack: what to film next, resting on what was found."""

from __future__ import annotations

import json
import re
from dataclasses import replace
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
from workers.insights.inputs import ProductFacts, Spec
from workers.insights.pack.facts import short_name, spoken_name
from workers.insights.pack.kinds import known_kind
from workers.insights.pack.proposals import spoken_seconds
from workers.insights.pack.words import LOCALES

QUESTIONS = varied("how much does it cost?", 12)
PRAISE = varied("I love the taste", 9)
COMPLAINTS = varied("the battery dies quickly, terrible", 6)
FACTS = ProductFacts(
    name="Bottle",
    price=Decimal("34.00"),
    currency="USD",
    rating=4.4,
    review_count=312,
    materials=("glass", "steel"),
    sizes=("600 ml",),
)
# Of a few other creators: four of five posts that stood out open alike.
CAPTIONS = ("how to clean a bottle",) * 4 + ("A calm morning",)


def _niche():
    return [
        post
        for number, caption in enumerate(CAPTIONS)
        for post in make_posts(f"n{number}", [1000] * 8 + [9000], text=caption)
    ]


def _collected():
    return {
        "comments": make_comments(*QUESTIONS, *PRAISE, *COMPLAINTS),
        "videos": (
            *make_posts("ana", [1000] * 8),
            *_niche(),
            make_video("ana", role="subject", views=9000),
        ),
        "product": FACTS,
        "subject_is_product": True,
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
        ("question:price", "12 of 27 comments ask about the price."),
        ("pain:battery", "6 of 27 comments complain: it runs out of battery early."),
        ("praise:taste", "9 of 27 comments say: it tastes good."),
    ]


def test_every_hook_of_a_theme_cites_the_comments_it_rests_on():
    pack = _pack(comments=make_comments(*QUESTIONS, *PRAISE, *COMPLAINTS))
    evidence = {item["id"]: item for item in pack["evidence"]}
    first = pack["hooks"][0]
    assert first["why"] == "12 of 27 comments ask about the price."
    assert [evidence[cited]["n"] for cited in first["evidence_ids"]] == [12]


def test_stated_facts_become_hooks_with_their_source():
    pack = _pack(product=FACTS, subject_is_product=True)
    evidence = {item["id"]: item["paraphrase"] for item in pack["evidence"]}
    [price] = [hook for hook in pack["hooks"] if "$34.00" in hook["text"]]
    assert price["basis"] == "fact"
    assert [evidence[cited] for cited in price["evidence_ids"]] == [
        "The product page states a price of $34.00."
    ]


def test_every_hook_says_what_it_rests_on():
    pack = _pack(**_collected())
    evidence = {item["id"]: item for item in pack["evidence"]}
    for hook in pack["hooks"]:
        assert hook["evidence_ids"]
        kinds = {evidence[cited]["kind"] for cited in hook["evidence_ids"]}
        assert ("video" in kinds) == (hook["basis"] == "outliers")
        assert kinds - {"video"} <= {"comment", "product_fact"}


def test_a_hook_opens_as_the_posts_that_stood_out_and_says_so():
    [hook] = [hook for hook in _pack(**_collected())["hooks"] if hook["basis"] == "outliers"]
    assert hook["type"] == "demo"
    assert hook["why"] == (
        "12 of 27 comments ask about the price. The product page states a price of $34.00. "
        "4 of the 5 posts that stood out open with a how-to. In other short videos, captions with "
        "a hook kept 1.22 on a scale from 0 to 2 after the first seconds (n = 158), captions "
        "without one 1.08 (n = 504)."
    )
    assert hook["retention"] == {"mean": 1.22, "ci95": [1.09, 1.34], "n": 158}
    assert len(hook["evidence_ids"]) == 2 + 4


def test_every_hook_names_something_concrete():
    """A number, a material or an aspect: without it the line would fit any product."""
    for product in (FACTS, replace(FACTS, rating=None), replace(FACTS, price=None)):
        for hook in _pack(**_collected() | {"product": product})["hooks"]:
            assert re.search(r"\d|price|taste|battery|(?i:glass)|bottle", hook["text"]), hook[
                "text"
            ]


def test_nothing_general_is_said_where_nothing_is_known():
    pack = _of_page("Marlow")
    empty = ("hooks", "facts", "angles", "script_templates", "dos", "donts", "risks", "comparables")
    assert {key: pack[key] for key in empty} == {key: [] for key in empty}
    assert pack["findings"] == []
    assert [step["kind"] for step in pack["next_steps"]] == [
        "more_comments",
        "add_video",
        "connect_tiktok",
        "add_competitor",
    ]


def test_each_next_step_says_why():
    for pack in (_pack(), _pack(**_collected()), _pack(product=FACTS, subject_is_product=True)):
        assert pack["next_steps"]
        assert all(":" in step["text"] for step in pack["next_steps"])


def test_what_is_read_less_reliably_is_a_step_and_no_claim():
    comments = make_comments(*varied("the lid leaks everywhere, terrible", 12))
    pack = _pack(comments=comments, subject_is_product=True)
    claimed = [pack["headline"], pack["hooks"], pack["angles"], pack["dos"], pack["donts"]]
    assert "leaks" not in json.dumps(claimed)
    [step] = [step for step in pack["next_steps"] if step["kind"] == "read_comments"]
    assert step["text"].startswith("Before you film, read 12 comments that may say this: it leaks.")


def test_sold_out_is_said_and_nobody_is_sent_to_the_shop():
    pack = _pack(**_collected() | {"product": replace(FACTS, availability="OutOfStock")})
    assert pack["summary"].startswith("Right now it is sold out, says its page.")
    assert pack["donts"][0] == "Don't send anybody to the shop: the page says it is sold out."
    assert pack["next_steps"][0]["kind"] == "wait_for_stock"
    assert not [hook for hook in pack["hooks"] if "$34.00" in hook["text"]]


def test_good_stars_beside_a_frequent_complaint_are_a_conflict_that_is_said():
    pack = _pack(**_collected())
    said = "The page gives 4.4 of 5 stars; 6 of 27 comments complain: it runs out of battery"
    assert [each for each in pack["findings"] if each["text"].startswith(said)]
    assert said not in pack["summary"]
    assert pack["headline"].startswith("Bottle: ")
    [hook] = [hook for hook in pack["hooks"] if "4.4 stars" in hook["text"]]
    assert "6 of 27 comments" in hook["why"]


def test_no_disclosure_is_asked_for_where_nobody_says_that_it_is_paid():
    assert _pack(**_collected())["disclosure"] is None


def test_the_headline_says_what_to_film_first_and_why():
    asked = _pack(comments=make_comments(*QUESTIONS))
    first = "answer this on camera first: 12 of 12 comments ask about the price"
    assert asked["headline"] == f"Bottle: {first}"
    video = _pack(videos=_collected()["videos"], comments=make_comments(*QUESTIONS))
    assert video["headline"] == f"Bottle: more views than usual. Next: {first}"


def test_no_raw_net_is_shown():
    said = _pack(**_collected())
    said = json.dumps([said["headline"], said["summary"], said["confidence"]["reasons"]])
    assert not re.search(r"net|[+-]0\.\d", said)
    many = _pack(comments=make_comments(*varied("I love the taste", 60)))["summary"]
    assert re.search(r"\d+ % are positive", many)


def test_the_summary_has_six_sentences_at_most_and_none_of_a_finding():
    for fields in ({}, _collected(), {"product": FACTS, "subject_is_product": True}):
        pack = _pack(**fields)
        sentences = re.findall(r"[.](?: |$)", pack["summary"])
        assert 1 <= len(sentences) <= 6
        assert not [each for each in pack["findings"] if each["text"] in pack["summary"]]


def test_cards_show_only_what_is_there():
    pack = _pack(product=FACTS, subject_is_product=True)
    kinds = [card["kind"] for card in pack["cards"]]
    assert kinds[0] == "facts"
    assert not {"stands_out", "sentiment", "risks"} & set(kinds)


def test_a_rating_without_reviews_is_not_used():
    pack = _pack(product=ProductFacts(name="Bottle", rating=5.0))
    assert not any("5.0" in hook["text"] for hook in pack["hooks"])


def test_scripts_have_no_gaps_and_begin_with_a_picture():
    scripts = _pack(**_collected())["script_templates"]
    assert 1 <= len(scripts) <= 2
    for script in scripts:
        beats = script["beats"]
        assert [beat["kind"] for beat in beats] == ["hook", "demo", "payoff", "cta"]
        assert [bool(beat["shot"]) for beat in beats] == [True, True, False, False]
        assert [beat["from_s"] for beat in beats] == [0, *(beat["to_s"] for beat in beats[:-1])]
        assert beats[-1]["to_s"] == script["duration_s"] == 20


def test_a_complaint_becomes_something_not_to_promise():
    donts = _pack(**_collected())["donts"]
    assert donts == [
        (
            "Don't promise this: it has a battery that lasts. 6 of 27 comments say: it runs out of "
            "battery early."
        )
    ]


def test_a_dont_never_contradicts_a_hook():
    """Neither side is claimed where both are said."""
    both = (*varied("I love the taste", 9), *varied("the taste is terrible, I hate it", 8))
    pack = _pack(comments=make_comments(*both), subject_is_product=True)
    assert "tastes good. 8 of 17 comments say" in pack["donts"][0]
    [hook] = pack["hooks"]
    assert "9 comments" in hook["text"] + hook["why"]
    assert "8 comments" in hook["text"] + hook["why"]


def test_with_nothing_collected_the_pack_says_so_and_still_helps():
    pack = _pack()
    assert pack["case"] == "no_comments"
    assert pack["headline"] == "Bottle: too little is known for a verdict"
    assert pack["stands_out"] == {
        "value": None,
        "band": "insufficient_data",
        "interval": None,
        "confidence": "insufficient_data",
        "evidence_ids": [],
    }
    assert pack["hooks"] == pack["angles"] == []
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
    few = varied("how much does it cost?", 3)
    pack = _pack(comments=make_comments(*few, *varied("I love the taste", 30)))
    assert [angle["theme"] for angle in pack["angles"]] == ["praise:taste"]


def test_no_advice_is_given_twice():
    both = (*varied("I love the taste", 9), *varied("the taste is terrible, I hate it", 8))
    pack = _pack(comments=make_comments(*both))
    assert len(pack["dos"]) == len(set(pack["dos"]))
    assert pack["headline"] == (
        "Bottle: film the dispute first, since 9 comments say: it tastes good; 8 comments: it does "
        "not taste good"
    )


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
            "Cama Box Queen Size Manhattan com Molas Ensacadas Pretas",
            "Cama Box Queen Size Manhattan com Molas Ensacadas",
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


@pytest.mark.parametrize(
    ("name", "brand", "short"),
    [
        ("KÄRCHER Hochdruckreiniger »K 3 Full Control«", "KÄRCHER", "Kärcher K 3 Full Control"),
        ("Squirrel Buster Mini Squirrel-proof Bird Feeder", "Brome", "Squirrel Buster Mini"),
        (
            "Alexander Girard for Herman Miller pillows, pair",
            "Alexander Girard",
            "Herman Miller pillows",
        ),
        (
            "PetSafe Siège de sécurité pour chiens Happy Ride \N{EN DASH} Pour voitures",
            "PetSafe",
            "PetSafe Happy Ride",
        ),
        ("Housse de chaise coton TERTIO® - taupe", None, "Housse de chaise coton"),
        ("Bottle", "Bottle", "Bottle"),
        ("B" * 70, None, "B" * 70),
    ],
)
def test_a_hook_names_a_product_by_few_words(name, brand, short):
    assert short_name(name, brand) == short


def test_what_happy_buyers_name_is_no_complaint():
    said = varied("I love it, great, but it is too expensive", 24)

    def texts(stars):
        reviews = make_comments(*said, kind="review", rating=stars)
        pack = _pack(comments=reviews, product=FACTS, subject_is_product=True)
        keys = ("headline", "summary", "hooks", "angles", "next_steps", "evidence")
        return json.dumps([pack[key] for key in keys])

    assert "complain: it costs more" not in texts(5.0)
    assert "film the one catch first" in texts(5.0)
    assert "complain: it costs more" in texts(1.0)


def test_a_hook_has_the_time_that_it_takes_to_say_it():
    for script in _pack(**_collected())["script_templates"]:
        hook = script["beats"][0]
        assert hook["kind"] == "hook"
        assert hook["to_s"] >= spoken_seconds(hook["text"])


@pytest.mark.parametrize(
    ("text", "words"),
    [("one two three", 3), ("4.6 of 5 stars", 6), ("Hochdruckreiniger", 2), ("€66.75", 6), ("", 0)],
)
def test_numbers_and_long_words_take_longer_to_say(text, words):
    assert spoken_seconds(text) == words / 3.3


def test_no_beat_repeats_the_evidence():
    pack = _pack(**_collected())
    proofs = {angle["proof"] for angle in pack["angles"]}
    spoken = {beat["text"] for script in pack["script_templates"] for beat in script["beats"]}
    assert not proofs & spoken


def _of_page(name, locale="en", **fields):
    product = ProductFacts(name=name, **fields)
    collection = make_collection(product=product, subject_is_product=True)
    analysis = analyse(collection, product_name=name, now=NOW, ref_key=KEY, locale=locale)
    return analysis.pack.configuration


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("Squirrel-proof feeder", "Squirrel-proof"),
        ("Cama Box com Molas Ensacadas", "Molas Ensacadas"),
        ("Pillows, pair", "pair"),
        ("Kabellose Lampe", "Kabellose"),
        ("Relógio à prova d'água", "à prova d'água"),
        ("Chaise pliante", "pliante"),
        ("Funda antideslizante", "antideslizante"),
    ],
)
@pytest.mark.parametrize("locale", LOCALES)
def test_what_a_name_promises_is_tested_first(name, claim, locale):
    pack = _of_page(name, locale)
    assert claim in pack["headline"].partition(": ")[2]
    assert claim in pack["hooks"][0]["why"]
    assert claim in pack["angles"][0]["title"]
    assert claim in pack["findings"][0]["text"]
    # The other script is the test of its kind.
    assert len(pack["script_templates"]) == 1 + (known_kind(name) is not None)


@pytest.mark.parametrize(
    "name", ["Repair kit", "Parfum par Dior", "Lampe", "Quietly", "Dock with Wireless Charging"]
)
def test_other_names_promise_nothing(name):
    assert "“" not in json.dumps(_of_page(name)["hooks"], ensure_ascii=False)


def test_two_facts_are_too_little_for_a_script_and_the_pack_says_so():
    two = {"price": Decimal("9.00"), "currency": "EUR", "sizes": ("40 × 30 cm",)}
    pack = _of_page("Marlow", **two)
    assert len(pack["hooks"]) == 2
    assert pack["script_templates"] == []
    assert "too little for a script" in pack["summary"]
    three = _of_page("Marlow", rating=4.5, review_count=12, **two)
    assert three["script_templates"]
    assert "too little for a script" not in three["summary"]


def test_what_no_eye_can_judge_is_not_asked():
    pack = _of_page("Washer", specs=(Spec("pressure", "120", "bar"),))
    assert "fits" not in json.dumps(pack)
    assert pack["angles"][0]["title"] == "Show what the page states: Pressure: 120 bar"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_size_is_said_by_its_longest_side(locale):
    pack = _of_page("Marlow", locale, sizes=("158 × 198 × 61 cm",))
    [hook] = pack["hooks"]
    [angle] = pack["angles"]
    assert "198 cm" in angle["title"]
    assert "158" not in hook["text"] + angle["title"]


def test_a_page_that_counts_reviews_without_texts_says_so():
    pack = _of_page("Washer", rating=4.5, review_count=68)
    assert "The page does not show the text of its reviews." in pack["summary"]
    assert "no comments to read" not in pack["summary"]


def test_posts_of_others_are_shown_only_with_what_links_them():
    def niche(text, author):
        return make_posts(author, [1000] * 8 + [9000], text=text)

    videos = (*niche("A calm morning", "a"), *niche("my new Bottle", "b"))
    pack = _pack(product=FACTS, subject_is_product=True, videos=videos)
    [shown] = [post["why"] for post in pack["comparables"]]
    assert "names “Bottle”" in shown


@pytest.mark.parametrize(("is_product", "said"), [(True, "of the same creator"), (False, "yours")])
def test_a_post_is_yours_only_where_the_video_is(is_product, said):
    posts = make_posts("ana", [1000] * 8 + [9000], text="my new Bottle")
    videos = (*posts, make_video("ana", role="subject", views=9000))
    comments = make_comments(*QUESTIONS, *PRAISE)
    product = {"product": FACTS, "subject_is_product": True} if is_product else {}
    [shown] = [
        post["why"] for post in _pack(videos=videos, comments=comments, **product)["comparables"]
    ]
    assert said in shown


def test_a_wide_interval_is_called_open_without_its_range():
    few = (*varied("I love it", 6), *varied("terrible, I hate it", 5))
    pack = _pack(comments=make_comments(*few), subject_is_product=True)
    said = pack["summary"] + " ".join(pack["confidence"]["reasons"])
    assert "11 comments read: too mixed to call." in pack["summary"]
    assert "between" not in said


def test_less_than_usual_is_said_as_a_share():
    posts = make_posts("ana", [1000] * 12)
    pack = _pack(videos=(*posts, make_video("ana", role="subject", views=300)))
    assert re.search(r"has about \d+ % of the views of its creator's other posts", pack["summary"])
    assert "of 100 posts by other creators" in pack["summary"]


def _profile_pack(*best, others=20.0):
    usual = make_posts("ana", [1000] * 14, duration_seconds=others, role="creator")
    stood_out = [
        make_video("ana", days_old=40 - n, views=9000, duration_seconds=length, role="creator")
        for n, length in enumerate(best)
    ]
    return _pack(source_kind="tiktok_profile", videos=(*usual, *stood_out))


def test_posts_that_share_nothing_measured_are_said_to():
    nothing = "Nothing that is measured sets them apart"
    assert nothing in json.dumps(_profile_pack(20, 21, 19)["compared"])
    assert nothing not in json.dumps(_profile_pack(60, 61, 59)["compared"])
    assert "share nothing" not in _profile_pack(20, 21, 19)["summary"]


def test_one_post_stands_out_and_two_stand_out():
    assert "1 of 15 posts of this profile stands out" in _profile_pack(20)["summary"]
    assert "2 of 16 posts of this profile stand out" in _profile_pack(20, 21)["summary"]
