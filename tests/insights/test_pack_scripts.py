"""Scripts a creator can film: short hooks, honest lengths, and no sentence against another."""

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
    make_collection,
    make_comments,
    make_posts,
    make_video,
    varied,
)
from tests.insights.test_pack import FACTS, _collected, _pack, _profile_pack
from tests.insights.test_pack_words import CASES
from workers.insights.analysis import analyse
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import ProductFacts, Spec
from workers.insights.pack import kinds
from workers.insights.pack.facts import search_name
from workers.insights.pack.words import LOCALES, half_up, words_in
from workers.insights.virality.compared import compared, fisher
from workers.insights.virality.stands_out import outliers

MOST_WORDS = 10
_DENOMINATOR = re.compile(r"\d+ (?:of|de|von|sur) (?:the |las |os |den |les )?\d+")
_YEAR = re.compile(r"\b20\d\d\b")


def _page(name: str, locale: str = "en", **facts: object) -> dict:
    collection = make_collection(product=ProductFacts(name=name, **facts), subject_is_product=True)
    return analyse(
        collection, product_name=name, now=NOW, ref_key=KEY, locale=locale
    ).pack.configuration


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_hook_is_short_and_has_no_date_and_no_denominator(number, locale):
    collection = make_collection(**CASES[number][1])
    pack = analyse(
        collection, product_name="Marlow", now=NOW, ref_key=KEY, locale=locale
    ).pack.configuration
    for hook in pack["hooks"]:
        assert len(re.findall(r"\w[\w.,'-]*", hook["text"])) <= MOST_WORDS, hook["text"]
        assert not _DENOMINATOR.search(hook["text"])
        assert not _YEAR.search(hook["text"])


@pytest.mark.parametrize("locale", LOCALES)
def test_no_wording_of_ours_stands_in_quotation_marks(locale):
    """Quotation marks around what nobody wrote are a false quote."""
    quoted = re.compile(r"[“„«\"]\s?\{(?:good|bad|noun)\}")
    texts = words_in(locale).texts
    assert not [key for key, text in texts.items() if quoted.search(str(text))]


@pytest.mark.parametrize(
    ("value", "places", "shown"), [(4.25, 1, "4.3"), (2.5, 0, "3"), (4.24, 1, "4.2")]
)
def test_halves_are_rounded_up(value, places, shown):
    assert str(half_up(value, places)) == shown


def test_a_share_is_rounded_as_its_number_is_written():
    assert words_in("en").percent(0.145) == "15 %"
    assert words_in("en").percent(0.0004) == "0.04 %"


def test_a_sequel_is_as_long_as_it_says():
    pack = _profile_pack(20)
    [script] = [
        each
        for each in pack["script_templates"]
        if any("same length" in beat["shot"] for beat in each["beats"])
    ]
    [said] = [beat["shot"] for beat in script["beats"] if "same length" in beat["shot"]]
    assert f"({script['duration_s']} s)" in said


def test_a_script_is_as_long_as_the_posts_of_the_niche_that_stood_out():
    posts = [
        post
        for n in range(3)
        for post in make_posts(f"n{n}", [1000] * 8 + [9000], duration_seconds=27.0, text="Bottle")
    ]
    pack = _pack(**_collected() | {"videos": tuple(posts)})
    assert {script["duration_s"] for script in pack["script_templates"]} == {27}


def test_no_more_are_positive_than_are_not_negative():
    texts = (*varied("I love it", 60), *varied("terrible, I hate it", 12))
    pack = _pack(comments=make_comments(*texts))
    [high] = re.findall(r"are positive \(\d+ % to (\d+) %\)", pack["summary"])
    intervals = analysed(comments=make_comments(*texts)).results[0].content["overall"]
    assert int(high) <= round(100 * (1 - intervals["distribution_ci95"]["negative"][0]))


def test_a_colour_in_the_name_that_the_page_contradicts_comes_first():
    pack = _page("Chair cover - taupe", colours=("beige",))
    assert "“taupe”" in pack["findings"][0]["text"]
    assert "beige" in pack["headline"]
    for colours in (("grey",), ("brown",), ()):
        assert "“taupe”" not in json.dumps(_page("Chair cover - taupe", colours=colours))


def test_a_short_warranty_comes_before_other_facts():
    specs = (Spec("load_side", "110", "kg"), Spec("warranty", "90", "day"))
    short = _page("Bed", price=Decimal(900), currency="EUR", specs=specs)
    assert "90 days" in short["findings"][0]["text"]
    usual = _page("Bed", price=Decimal(900), currency="EUR", specs=(Spec("warranty", "5", "year"),))
    assert not [each for each in usual["findings"] if "warranty" in each["text"]]


def test_an_auction_asks_for_nothing_that_takes_the_thing_in_hand():
    pack = _page(
        "Ana Lima for Marlow pillows, pair",
        brand="Ana Lima",
        price=Decimal(150),
        currency="USD",
        is_auction=True,
        sizes=("45 × 45 cm",),
    )
    assert [hook["basis"] for hook in pack["hooks"]] == ["fact"]
    assert len(pack["script_templates"]) == 1
    assert "tape measure" not in json.dumps(pack["script_templates"])
    assert not {"add_competitor", "more_comments"} & {step["kind"] for step in pack["next_steps"]}


def test_a_designer_is_not_called_the_brand():
    pack = _page("Ana Lima for Marlow pillows, pair", brand="Ana Lima")
    assert pack["facts"] == []
    assert _page("Marlow pillows", brand="Marlow")["facts"][0]["text"] == "Marlow"


def test_stars_of_a_topic_that_are_those_of_all_are_no_finding():
    named = make_comments(*varied("the colour is nice", 5), kind="review", rating=5.0)
    others = tuple(
        replace(item, ref=f"o{n}", author_ref=f"p{n}")
        for n, item in enumerate(make_comments(*varied("I love it", 5), kind="review", rating=5.0))
    )
    pack = _pack(comments=(*named, *others), subject_is_product=True, product=FACTS)
    assert "mention the colour" not in json.dumps(pack["findings"])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Housse de chaise coton", "chair_cover"),
        ("KÄRCHER Hochdruckreiniger K 3", "pressure_washer"),
        ("Cama Box Queen Size", "bed"),
        ("Squirrel-proof Bird Feeder", "bird_feeder"),
        ("Siège de sécurité pour chiens", "dog_seat"),
        ("Embedded controller", None),
        ("Cameraria soap", None),
    ],
)
def test_a_product_is_known_by_words_of_its_name(name, kind):
    assert kinds.kind_of(name) == kind


def test_a_search_uses_the_noun_of_the_language_where_the_name_says_no_more():
    words = words_in("pt")
    name = "Housse de chaise coton TERTIO® - taupe"
    assert search_name(words, name, None, "chair_cover") == "Tertio capa de cadeira"
    washer = "KÄRCHER Hochdruckreiniger »K 3 Full Control«"
    assert search_name(words, washer, "KÄRCHER", "pressure_washer") == "Kärcher K 3 Full Control"


def test_each_setting_gets_a_fresh_spot():
    pack = _page("Kärcher pressure washer Full Control")
    assert "a fresh one for each setting" in json.dumps(pack["findings"])


def test_what_differs_between_posts_is_told_with_counts():
    best = make_posts("ana", [9000] * 4, duration_seconds=8.0, role="creator", shares=36)
    usual = make_posts("ana", [1000] * 14, duration_seconds=30.0, role="creator")
    log = EvidenceLog(b"k")
    videos = (*best, *usual)
    found = compared(videos, outliers(videos, NOW), "author-ana", has_turned=False, log=log)
    assert found is not None
    rows = {row.name: row for row in found.rows}
    assert (rows["seconds"].left, rows["seconds"].right) == (8.0, 30.0)
    assert rows["seconds"].is_apart
    assert not rows["shares"].is_apart


@pytest.mark.parametrize(("weeks_apart", "is_apart"), [(0, False), (1, True)])
def test_posts_of_one_weekend_are_one_event(weeks_apart, is_apart):
    saturday = NOW - timedelta(days=63 + (NOW.weekday() - 5) % 7)
    best = [
        replace(post, created_at=saturday - timedelta(weeks=weeks_apart * week, minutes=week))
        for week, post in enumerate(make_posts("ana", [9000] * 6, role="creator"))
    ]
    usual = [
        replace(post, created_at=saturday - timedelta(days=3 + 7 * week))
        for week, post in enumerate(make_posts("ana", [1000] * 14, role="creator"))
    ]
    videos = (*best, *usual)
    log = EvidenceLog(b"k")
    found = compared(videos, outliers(videos, NOW), "author-ana", has_turned=False, log=log)
    assert found is not None
    [row] = [row for row in found.rows if row.name == "weekend"]
    assert (row.left, row.right, row.is_apart) == (6, 0, is_apart)


def test_where_nothing_differs_the_pack_says_so():
    unknown = {"role": "creator", "shares": None, "comments": None}
    videos = (*make_posts("ana", [1000] * 14, **unknown), *make_posts("ana", [9000] * 3, **unknown))
    pack = _pack(source_kind="tiktok_profile", videos=videos)
    assert pack["compared"][0]["text"].startswith("Your 3 posts that stand out")
    assert "Nothing that is measured sets them apart" in pack["compared"][-1]["text"]


@pytest.mark.parametrize(
    ("counts", "chance"), [((3, 3, 0, 3), 0.1), ((2, 4, 2, 4), 1.0), ((5, 5, 0, 5), 1 / 126)]
)
def test_the_exact_chance_of_two_counts(counts, chance):
    assert fisher(*counts) == pytest.approx(chance)


def test_old_data_is_said_first():
    old = tuple(make_video("ana", views=1000, days_old=40.0 + n, role="creator") for n in range(12))
    pack = _pack(source_kind="tiktok_profile", videos=old)
    assert pack["summary"].startswith("The newest video is 40 days old.")
    assert "days old" not in json.dumps(pack["caveats"])
