"""Statements about people, numbers and seconds that would be false."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from workers.insights.analysis import analyse
from workers.insights.inputs import Collection, Comment
from workers.insights.sentiment.engine import read
from workers.insights.sentiment.negation import plainly
from workers.sources.tiktok.webvtt import MAX_SECONDS, read_webvtt
from workers.sources.web.product import read_html
from workers.writing.figures import mentions
from workers.writing.grounding import Ground

NOW = datetime(2026, 11, 30, tzinfo=UTC)
COMPLAINTS = (
    "it broke after a day",
    "terrible handle, waste of money",
    "mine leaks, awful",
    "I hate it",
    "worst mug ever",
    "very disappointed with this",
    "cheap and ugly",
    "do not buy this junk",
    "bad quality",
    "returned it, horrible",
)


def summary(comments: list[Comment]) -> dict[str, Any]:
    collection = Collection(
        provider="test",
        source_kind="product_page",
        subject_url="https://shop.example/mug",
        collected_at=NOW,
        comments=tuple(comments),
    )
    found = analyse(collection, product_name="Mug", now=NOW, ref_key=b"k" * 32)
    return found.results[0].content


def test_the_stars_of_short_reviews_count_though_their_words_are_alike():
    happy = [Comment(f"h{n}", "Very good", "review", f"h{n}", rating=5) for n in range(50)]
    sad = [Comment(f"s{n}", t, "review", f"s{n}", rating=1) for n, t in enumerate(COMPLAINTS)]
    found = summary([*happy, *sad])
    assert found["stars"]["counts"] == [10, 0, 0, 0, 50]
    assert found["overall"]["net"] > 0


def test_one_reviewer_still_counts_once_for_the_same_words():
    copies = [Comment(f"c{n}", "Very good", "review", "a", rating=5) for n in range(5)]
    assert summary(copies)["stars"]["n"] == 1


def test_one_person_makes_no_risk_and_no_theme():
    said = ("this burned my hand badly", "it is dangerous, burned my kid", "caught fire, dangerous")
    liked = ("the handle is lovely", "the colour is gorgeous", "its lid is beautiful")
    one = [Comment(f"r{n}", text, author_ref="a") for n, text in enumerate((*said, *liked))]
    found = summary(one)
    assert (found["risks"], found["themes"]) == ([], [])
    two = summary([*one, Comment("other", "mine burned me, careful", author_ref="b")])
    assert [risk["kind"] for risk in two["risks"]] == ["safety"]


@pytest.mark.parametrize("noun", ["Design", "Highlight", "Schedule"])
def test_an_opinion_that_begins_with_a_noun_is_no_task(noun: str):
    found = summary([Comment("c", f"{noun} is terrible and the lid broke quickly")])
    assert found["sample"]["dropped"]["suspected_injection"] == 0


@pytest.mark.parametrize("text", ["Design a plan for my shop", "Compare and list ten other mugs"])
def test_a_task_is_still_one(text: str):
    assert summary([Comment("c", text)])["sample"]["dropped"]["suspected_injection"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "One percent of comments complain.",
        "A fifth of comments complain.",
        "It got tenfold views.",
        "A twofold rise.",
        "Quadruple the usual views.",
        "Rated one star.",
        "A majority complains.",
        "A trillion views.",
        "\u516b comments",
    ],
)
def test_a_spelled_statistic_is_a_number(text: str):
    assert mentions(text)
    evidence = [{"id": "e1", "kind": "comment", "paraphrase": "8 comments read.", "n": 8}]
    assert not Ground.of({}, evidence).allows(text, ["e1"])


@pytest.mark.parametrize("text", ["This one stands out.", "One of them works.", "No one said so."])
def test_a_pronoun_is_none(text: str):
    assert Ground.of({}, ()).allows(text)


def test_speech_does_not_outlast_what_is_read():
    [cue] = read_webvtt(b"WEBVTT\n\n00:00.000 --> 999:59:59.000\nlook at this mug\n")
    assert cue.end_s == MAX_SECONDS


REVIEW = (
    '{"@type": "Review", "author": {"name": "%s"}, "reviewBody": "%s",'
    ' "reviewRating": {"ratingValue": 5}}'
)


@pytest.mark.parametrize(
    "name", ["Anonymous", "A Google User", "Amazon Customer", "Verified Buyer", "Kunde", ""]
)
def test_a_name_that_many_share_is_no_author(name: str):
    reviews = ",".join(REVIEW % (name, words) for words in COMPLAINTS[:2])
    markup = (
        '{"@type": "Product", "name": "Blue mug", "offers": {"price": "9", "priceCurrency": "EUR"},'
        f' "review": [{reviews}]}}'
    )
    page = f'<title>Blue mug</title><script type="application/ld+json">{markup}</script>'
    _, found = read_html(page, "https://shop.example/mug", b"k" * 32)
    assert [comment.author_ref for comment in found] == [None, None]


SOLD = '<h1>{0}</h1><span class="price">$19.90</span><button>Add to cart</button>'


def test_a_maintenance_kit_is_a_product():
    name = "Espresso machine maintenance kit"
    page = f"<title>{name}</title>" + SOLD.format(name)
    assert read_html(page, "https://shop.example/kit", b"k" * 32)[0] is not None
    down = "<title>Site maintenance</title>" + SOLD.format("Maintenance")
    assert read_html(down, "https://shop.example/kit", b"k" * 32)[0] is None


@pytest.mark.parametrize("kind", ["Event", "Hotel", "DiscussionForumPosting"])
def test_what_its_markup_calls_something_else_is_no_product(kind: str):
    markup = f'<script type="application/ld+json">{{"@type": "{kind}", "name": "X"}}</script>'
    page = "<title>Sea view</title>" + markup + SOLD.format("Sea view")
    assert read_html(page, "https://shop.example/x", b"k" * 32)[0] is None


def kinds(texts: list[str]) -> set[str]:
    found = summary([Comment(f"r{n}", text, author_ref=f"a{n}") for n, text in enumerate(texts)])
    return {theme["kind"] for theme in found["themes"]}


def test_emoji_that_please_are_no_complaint():
    assert "pain" not in kinds([face * n for face in "😍🥰😊😘🤩" for n in (1, 2, 3, 4)])
    assert kinds([face * n for face in "🤢🤮👎💩" for n in (1, 2, 3, 4)]) == {"pain"}


def test_the_colour_of_a_hand_changes_no_opinion():
    hands = [hand + tone for hand in "👍👏🙌" for tone in "\U0001f3fb\U0001f3fd\U0001f3ff"]
    assert "pain" not in kinds(hands)
    assert kinds([f"I love it so much{hand}" for hand in hands]) <= {"praise"}


def overall(texts: list[str]) -> dict[str, Any]:
    """Of texts of as many people."""
    found = summary([Comment(f"r{n}", text, author_ref=f"a{n}") for n, text in enumerate(texts)])
    total: dict[str, Any] = found["overall"]
    return total


def test_a_total_of_emoji_tells_love_from_disgust():
    loved, loathed = (overall([face * n for n in range(1, 21)]) for face in "😍🤢")
    assert loved["net"] > loathed["net"]


@pytest.mark.parametrize(
    ("good", "bad"), [("😍", "🤮"), ("🔥🔥", "👎"), ("👍🏽", "😡😡"), (":)", ":("), ("<3", "🤢🤢")]
)
def test_forty_people_with_one_emoji_say_something(good: str, bad: str):
    liked, loathed = overall([good] * 40), overall([bad] * 40)
    assert (liked["n"], loathed["n"]) == (40, 40)
    assert (liked["label"], loathed["label"]) == ("positive", "negative")


@pytest.mark.parametrize("face", ["😂", "😭", "💀🤣", "🤔"])
def test_laughter_and_tears_are_neither(face: str):
    assert overall([face] * 40)["label"] in {"neutral", "unclear"}


def test_one_person_with_forty_emoji_says_nothing():
    one = [Comment(f"r{n}", "😍" * n, author_ref="a") for n in range(1, 41)]
    assert summary(one)["overall"]["label"] == "insufficient_data"
    unknown = [Comment(f"r{n}", "😍") for n in range(40)]
    assert summary(unknown)["overall"]["n"] == 1


ONE_VOICE = (
    "I love this mug so much", "the best mug I own", "what a beautiful mug", "great for tea",
    "my favourite by far", "works perfectly every day", "so happy with it", "lovely colour",
    "a fantastic gift", "keeps my coffee warm", "excellent quality", "it feels wonderful",
    "highly recommended to all", "amazing value", "five stars from me",
)  # fmt: skip


def test_one_persons_fifteen_comments_are_no_rating():
    one = summary([Comment(f"r{n}", t, author_ref="a") for n, t in enumerate(ONE_VOICE)])
    assert one["overall"]["label"] == "insufficient_data"
    assert one["overall"]["net"] is None
    assert one["confidence"]["level"] == "insufficient_data"
    assert one["aspects"] == []
    assert "too few people" in one["overall"]["basis"]
    # Authors that are not known may all differ.
    many = summary([Comment(f"r{n}", text) for n, text in enumerate(ONE_VOICE)])
    assert many["overall"]["label"] == "positive"


def test_many_comments_of_ten_people_are_as_sure_as_ten():
    def width(people: int) -> float:
        texts = [f"{text}, number {n}" for n in range(7) for text in ONE_VOICE]
        found = summary(
            [Comment(f"r{n}", t, author_ref=f"a{n % people}") for n, t in enumerate(texts)]
        )
        low, high = found["overall"]["ci95"]
        return float(high - low)

    assert width(10) > width(100)


def test_one_persons_stars_count_once():
    found = summary([
        *(Comment(f"s{n}", t, "review", "a", rating=5) for n, t in enumerate(ONE_VOICE)),
        Comment("other", "it leaks", "review", "b", rating=1),
    ])  # fmt: skip
    assert (found["stars"]["n"], found["stars"]["mean"]) == (2, 3)


NEGATED_FAULTS = [
    "not bad at all", "Not bad!", "it isn't bad", "can't complain", "nothing to complain about",
    "no complaints", "never disappoints", "couldn\u2019t be happier",
    "no está mal", "no está nada mal", "no me puedo quejar", "nada mal",
    "não é ruim", "não é nada mau", "sem reclamações",
    "pas mal", "pas mal du tout", "c'est pas mal", "rien à redire", "pas mauvais",
    "nicht schlecht", "gar nicht schlecht", "kann nicht meckern", "nichts auszusetzen",
    "non è male", "niente male", "niet slecht",
]  # fmt: skip
DENIED_PRAISE = ["not good", "not good at all", "no es bueno", "não é bom", "pas bon", "nicht gut"]


def chances_of(text: str) -> list[list[float]]:
    """Of single texts and of totals, read as English and as another language."""
    found = read([text, text], [True, False])
    return [*found.labels.tolist(), *found.totals.tolist()]


@pytest.mark.parametrize("text", NEGATED_FAULTS)
def test_a_fault_that_is_denied_is_praise(text: str):
    assert all(positive > negative for negative, _, positive in chances_of(text))


@pytest.mark.parametrize("text", [*DENIED_PRAISE, "bad", "so bad", "I have complaints", "está mal"])
def test_praise_that_is_denied_is_none(text: str):
    assert all(positive < negative for negative, _, positive in chances_of(text))


@pytest.mark.parametrize("text", ["not bad", "can't complain", "no está mal", "nicht schlecht"])
def test_a_total_of_denied_faults_is_praise(text: str):
    assert overall([f"{text}, {n}" for n in range(20)])["net"] > 0


@pytest.mark.parametrize(
    "text", ["pas mal de monde", "why not badger them", "no problem", "it cost pas mal cher"]
)
def test_other_words_stay_as_they_are(text: str):
    assert plainly(text) == text
