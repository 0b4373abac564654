"""A pack contradicts neither itself nor arithmetic, and its scripts have words to say."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.insights.samples import (
    KEY,
    NOW,
    make_collection,
    make_comments,
    make_posts,
    make_video,
    varied,
)
from tests.insights.test_pack import FACTS, _pack, _profile_pack
from tests.insights.test_pack_scripts import _page
from tests.insights.test_pack_words import CASES
from workers.insights.analysis import analyse
from workers.insights.inputs import Spec
from workers.insights.pack.words import LOCALES, words_in

MOST_SPOKEN = 12
LEAST_UPPER = 0.2  # of none of thirteen


def _written(number: int, locale: str) -> dict:
    collection = make_collection(**CASES[number][1])
    return analyse(
        collection, product_name="Marlow", now=NOW, ref_key=KEY, locale=locale
    ).pack.configuration


@pytest.mark.parametrize(
    ("amount", "unit", "is_short"),
    [("90", "day", True), ("184", "day", True), ("365", "day", False), ("12", "month", False)],
)
def test_a_warranty_is_short_up_to_half_a_year(amount, unit, is_short):
    specs = (Spec("warranty", amount, unit), Spec("load_side", "110", "kg"))
    pack = _page("Bed", price=Decimal(900), currency="EUR", specs=specs)
    assert any("warranty" in each["text"] for each in pack["findings"]) is is_short


@pytest.mark.parametrize(("stars", "is_blamed"), [(4.3, False), (2.7, True)])
def test_a_weak_spot_has_less_than_four_stars(stars, is_blamed):
    named = make_comments(*varied("the zip is there", 4), kind="review", rating=stars)
    others = tuple(
        replace(item, ref=f"o{n}", author_ref=f"p{n}")
        for n, item in enumerate(make_comments(*varied("I love it", 9), kind="review", rating=5.0))
    )
    pack = _pack(comments=(*named, *others), subject_is_product=True, product=FACTS)
    assert "the zip" in json.dumps(pack["findings"])
    assert ("weak spot" in json.dumps([pack["hooks"], pack["script_templates"]])) is is_blamed


def test_none_of_thirteen_is_at_most_a_fifth_and_more():
    reviews = make_comments(*varied("I love it", 13), kind="review", rating=5.0)
    pack = _pack(comments=reviews, subject_is_product=True, product=FACTS)
    [high] = re.findall(r"0 % negative \(at most (\d+) %\)", pack["summary"])
    assert int(high) >= 100 * LEAST_UPPER


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("number", range(len(CASES)))
def test_the_middle_of_a_script_has_a_short_line_and_a_text_on_screen(number, locale):
    for script in _written(number, locale)["script_templates"]:
        [middle] = [beat for beat in script["beats"] if beat["kind"] == "demo"]
        assert len(re.findall(r"[^\W\d]+", middle["text"])) <= MOST_SPOKEN + 2
        assert middle["on_screen"]
        assert middle["shot"]
        assert middle["shot"] != middle["text"]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_what_is_found_first_has_a_script(number):
    pack = _written(number, "en")
    if pack["case"] in {"shop_product", "no_comments"} and pack["script_templates"]:
        first = pack["findings"][0]["do"]
        shots = [beat["shot"] for script in pack["script_templates"] for beat in script["beats"]]
        assert first in shots


@pytest.mark.parametrize("locale", LOCALES)
def test_no_script_shows_a_post_without_a_name(locale):
    assert "{date}" in words_in(locale).say("frames.own", date="{date}")


def test_a_german_share_of_views_is_no_number_of_times():
    texts = words_in("de")
    said = texts.say("summaries.newest", n=20, value=1, **texts.ratio(0.87, 0.5, 1.4))
    assert "87 % der Views der 20 davor" in said


def test_a_length_that_makes_a_finding_is_not_called_chance():
    posts = make_posts("ana", [3000, 1000] * 6, role="creator")
    posts = [replace(p, duration_seconds=8.0 if p.views == 3000 else 30.0) for p in posts]
    subject = {"source_kind": "tiktok_profile", "videos": tuple(posts)}
    pack = _pack(**subject, comments=make_comments(*varied("nice", 20)))
    assert "keep_short" in json.dumps(pack) or "Keep your next posts" in json.dumps(pack)
    assert not [each for each in pack["compared"] if "length:" in each["text"]]


def test_an_auction_asks_for_a_guess_and_for_no_limit():
    pack = _page(
        "Marlow pillows", price=Decimal(150), currency="USD", is_auction=True, sizes=("45 × 45 cm",)
    )
    said = json.dumps([pack["script_templates"], pack["next_steps"], pack["findings"]])
    assert "guess" in said
    assert "limit" not in said


def test_lengths_that_chance_explains_make_no_step():
    lengths = (50.0, 10.0, 45.0, 8.0)
    usual = [
        post
        for n, length in enumerate((12.0, 50.0, 9.0, 40.0, 11.0, 55.0, 10.0))
        for post in make_posts("ana", [1000] * 3, duration_seconds=length, role="creator")
    ]
    best = [
        make_video("ana", days_old=40 - n, views=9000, duration_seconds=length, role="creator")
        for n, length in enumerate(lengths)
    ]
    pack = _pack(source_kind="tiktok_profile", videos=(*usual, *best))
    assert pack["compared"]
    assert "length" not in json.dumps(pack["compared"])
    assert "repeat_opening" not in {step["kind"] for step in pack["next_steps"]}
    assert "others 1" not in pack["summary"]


@pytest.mark.parametrize("seconds", [5.0, 8.0, 15.0])
def test_a_sequel_says_no_other_length_than_its_script_has(seconds):
    pack = _profile_pack(seconds)
    for script in pack["script_templates"]:
        said = re.findall(r"\b(\d+) s\b", " ".join(beat["shot"] for beat in script["beats"]))
        assert {int(each) for each in said} <= {script["duration_s"]}


def test_few_pieces_and_small_sizes_are_nothing_to_film():
    specs = (Spec("pieces", "2", ""), Spec("batteries", "", ""))
    pack = _page("Walkie", price=Decimal(20), currency="EUR", specs=specs, sizes=("6 × 6 × 12 cm",))
    said = json.dumps([pack["hooks"], pack["script_templates"]])
    assert "None included" not in said
    assert "count" not in said.lower()
    assert "fit" not in said


def test_what_anybody_lifts_is_not_carried_upstairs():
    for amount, unit, is_heavy in (("230", "g", False), ("4.3", "kg", False), ("61", "kg", True)):
        pack = _page("Rub", price=Decimal(8), currency="EUR", specs=(Spec("weight", amount, unit),))
        assert ("stairs" in json.dumps([pack["hooks"], pack["findings"]])) is is_heavy


def test_a_page_with_two_counts_of_reviews_is_told_once_and_has_a_script():
    reviews = make_comments(*varied("I love it", 12), kind="review", rating=5.0)
    page = replace(
        FACTS, name="Chair cover - taupe", colours=("beige",), rating=4.0, review_count=5
    )
    collection = make_collection(comments=reviews, subject_is_product=True, product=page)
    pack = analyse(
        collection, product_name=page.name, now=NOW, ref_key=KEY, locale="en"
    ).pack.configuration
    shots = json.dumps([script["beats"] for script in pack["script_templates"]])
    assert "Scroll the page from top to bottom" in shots
    assert "stars on average" not in pack["summary"]
