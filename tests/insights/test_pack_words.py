"""A pack in five languages: the same texts, formatted as people write there, no English left."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

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
    with_followers,
)
from tests.insights.test_pack import COMPLAINTS, FACTS, PRAISE, QUESTIONS, _collected
from workers.insights.analysis import analyse
from workers.insights.documents import PackConfiguration
from workers.insights.inputs import Cue, Transcript
from workers.insights.pack import numbers
from workers.insights.pack.words import LOCALES, words_in
from workers.insights.sentiment import named_words
from workers.insights.virality import breakdown, transcript
from workers.sources import sample
from workers.sources.tiktok import posts
from workers.sources.web import shop
from workers.writing import assistant

_FIELD = re.compile(r"\{(\w+)\}")
# Words of English that no text of the other languages has, beside names.
_ENGLISH = re.compile(
    r"\b(the|and|with|that|this|from|they|their|which|people|have|has|than|are|of|it|its|is|to|"
    r"your|you|between|complain|price|other|post|posts|comments|reviews|says|page)\b",
    re.IGNORECASE,
)
_SAME_ELSEWHERE = {"pt": {"post", "posts"}, "fr": {"page"}, "de": {"post", "posts"}}
OTHERS = [locale for locale in LOCALES if locale != "en"]


def _texts(locale):
    for key, text in words_in(locale).texts.items():
        yield from ((key, form) for form in ([text] if isinstance(text, str) else text.values()))


def _fields(text):
    forms = [text] if isinstance(text, str) else list(text.values())
    return [sorted(set(_FIELD.findall(form))) for form in forms]


@pytest.mark.parametrize("locale", OTHERS)
def test_every_language_has_the_same_texts_with_the_same_placeholders(locale):
    english, other = words_in("en").texts, words_in(locale).texts
    assert list(english) == list(other)
    assert {key: _fields(text) for key, text in english.items()} == {
        key: _fields(text) for key, text in other.items()
    }


@pytest.mark.parametrize("n", [0, 1, 2, 10**9])
@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_can_be_said_with_the_smallest_and_the_largest_values(locale, n):
    words = words_in(locale)
    for key, text in words.texts.items():
        names = {name for forms in _fields(text) for name in forms}
        fields = {name: n if name in {"n", "k", "others", "least"} else "{x} %s" for name in names}
        said = words.say(key, **fields | ({"n": n} if not isinstance(text, str) else {}))
        assert said
        assert "{n}" not in said


def test_one_and_many_follow_the_language():
    assert words_in("en").say("counts.comments", n=0) == "0 comments"
    assert words_in("fr").say("counts.comments", n=0) == "0 commentaire"
    assert words_in("pt").say("counts.comments", n=1) == "1 comentário"
    assert words_in("de").say("counts.comments", n=1234) == "1.234 Kommentare"
    assert words_in("fr").say("counts.comments", n=1234) == "1\u202f234 commentaires"


def test_numbers_and_shares_follow_the_language():
    assert [words_in(locale).number(1234.5, 1) for locale in ("en", "de", "fr")] == [
        "1,234.5",
        "1.234,5",
        "1\u202f234,5",
    ]
    assert [words_in(locale).percent(0.621) for locale in ("en", "pt")] == ["62 %", "62%"]
    assert [words_in("en").percent(n) for n in (0, 0.0004, 0.004)] == ["0 %", "0.04 %", "0.4 %"]


@pytest.mark.parametrize("locale", OTHERS)
def test_no_text_of_another_language_is_english(locale):
    english = dict(_texts("en"))
    same = [
        key
        for key, text in _texts(locale)
        if len(text.split()) > 3 and "{" not in text and text == english.get(key)
    ]
    assert same == []


def _caveats():
    """Sentences of other parts of the analysis that a pack repeats."""
    modules = (posts, sample, shop, breakdown, transcript, named_words)
    for module in modules:
        for name, value in vars(module).items():
            if name.isupper() and isinstance(value, str) and value.endswith(".") and " " in value:
                yield f"{module.__name__}.{name}", value
    for number, sentence in enumerate(breakdown.NEVER_KNOWN):
        yield f"NEVER_KNOWN.{number}", sentence
    for reason, why in assistant._WHY.items():
        yield f"assistant.{reason}", f"{why}; the built-in engine wrote the pack."


# Sentences of modules that are no caveat: errors, which API clients read.
_NO_CAVEATS = re.compile(r"Please|cannot|could not be|Try again|private|not found", re.IGNORECASE)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_caveat_of_a_source_is_said_in_the_language_of_the_pack(locale):
    words = words_in(locale)
    unknown = [
        name
        for name, sentence in _caveats()
        if words.translated(sentence) is None and not _NO_CAVEATS.search(sentence)
    ]
    assert unknown == []


def test_a_caveat_keeps_its_numbers():
    said = "Left out for want of views, date, followers or other posts: 1,234 of 5,678 videos."
    assert words_in("en").translated(said) == said
    assert "1.234 von 5.678" in words_in("de").translated(said)


def _profile_posts():
    loud = make_posts("ana", [9000] * 3, text="how to clean a bottle", duration_seconds=18)
    quiet = make_posts("ana", [1000] * 12, text="A calm morning", duration_seconds=40)
    return tuple(replace(post, role="creator") for post in (*quiet, *loud))


def _spoken():
    cues = tuple(
        Cue(start, start + 3.0, text)
        for start, text in (
            (0.0, "how to clean it"),
            (4.0, "look at the bottle"),
            (9.0, "follow me"),
        )
    )
    return Transcript("en", "subtitles", cues)


def _collections():
    """All four cases, and all that a pack may say."""
    yield "shop_product", _collected()
    yield (
        "shop_product",
        {
            "comments": make_comments(
                *varied("the taste is delicious, I love it", 12), kind="review", rating=5.0
            )
            + make_comments(
                *varied("the taste is terrible, I hate it", 11), *varied("it burned me", 4)
            ),
            "product": replace(FACTS, availability="OutOfStock"),
            "subject_is_product": True,
        },
    )
    yield (
        "shop_product",
        {
            "comments": make_comments(*varied("terrible, I hate it", 40), *varied("me encanta", 1)),
            "product": FACTS,
            "subject_is_product": True,
            "partial": True,
        },
    )
    subject = make_video(
        "ana", role="subject", views=9000, saves=9, shares=900, transcript=_spoken(), text="Calm"
    )
    others = [make_video(f"s{n}", views=1000, saves=n, likes=100, text="how to") for n in range(12)]
    stood_out = [
        post
        for n in range(4)
        for post in make_posts(f"o{n}", [1000] * 8 + [9000], transcript=_spoken())
    ]
    yield (
        "own_video",
        {
            "comments": make_comments(*QUESTIONS, *PRAISE, *COMPLAINTS, "bagus banget sekali ya"),
            "videos": (*make_posts("ana", [1000] * 12), *others, *stood_out, subject),
            "earlier": (),
        },
    )
    yield "own_video", {"videos": (with_followers(replace(subject, ref="v"), 90_000), *others)}
    yield "own_video", {"videos": (replace(subject, ref="w", is_ad=True),)}
    yield (
        "profile",
        {
            "source_kind": "tiktok_profile",
            "videos": _profile_posts(),
            "comments": make_comments(*QUESTIONS, *PRAISE, *COMPLAINTS),
        },
    )
    yield "profile", {"source_kind": "tiktok_profile", "videos": _profile_posts()[:3]}
    yield "no_comments", {"product": FACTS, "subject_is_product": True}
    yield "no_comments", {}


CASES = list(_collections())


def _pack(locale, fields):
    collection = make_collection(
        **fields, caveats=("This is sample data, written for demonstration.", "An odd note.")
    )
    return analyse(collection, product_name="Marlow", now=NOW, ref_key=KEY, locale=locale)


def _read(value, key=""):
    if isinstance(value, str):
        if key in numbers._READ:
            yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _read(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _read(inner, key)


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_pack_is_wholly_in_its_language(number):
    case, fields = CASES[number]
    english = _pack("en", fields).pack.configuration
    assert english["case"] == case
    for locale in OTHERS:
        analysis = _pack(locale, fields)
        pack = analysis.pack.configuration
        PackConfiguration.model_validate(pack)
        assert (pack["locale"], pack["inputs"]["locale"]) == (locale, locale)
        allowed = _SAME_ELSEWHERE.get(locale, set())
        found = [
            (word, text)
            for text in (*_read(pack), analysis.pack.name)
            for word in _ENGLISH.findall(text)
            if word.lower() not in allowed
        ]
        assert found == []
        # The same findings, whatever the language.
        for part in ("hooks", "angles", "facts", "next_steps", "dos", "donts", "cards"):
            assert len(pack[part]) == len(english[part]), part
        assert [hook["evidence_ids"] for hook in pack["hooks"]] == [
            hook["evidence_ids"] for hook in english["hooks"]
        ]


def test_a_pack_says_which_caveats_it_leaves_to_the_results():
    pack = _pack("de", CASES[0][1]).pack.configuration
    assert pack["caveats"][0] == "Das sind Beispieldaten, zur Vorführung geschrieben."
    assert "1 weiterer Hinweis" in pack["caveats"][-1]
    assert _pack("en", CASES[0][1]).pack.configuration["caveats"][1] == "An odd note."


def test_comments_that_were_not_read_are_counted_in_the_language_of_the_pack():
    comments = make_comments(*QUESTIONS, *varied("bagus banget sekali ya, saya suka ini", 12))
    pack = analyse(
        make_collection(comments=comments), product_name="B", now=NOW, ref_key=KEY, locale="pt"
    ).pack.configuration
    assert any(re.search(r"Ficaram de fora \d+ comentários", said) for said in pack["caveats"])


def test_the_results_stay_in_english():
    english, german = (_pack(locale, CASES[0][1]).results for locale in ("en", "de"))
    assert english == german


def test_the_time_that_a_pack_is_fresh_does_not_depend_on_its_language():
    pack = _pack("fr", CASES[0][1]).pack.configuration
    assert pack["freshness"]["expires_at"] == f"{NOW + timedelta(days=14):%Y-%m-%dT%H:%M:%SZ}"
    assert analysed().pack.configuration["locale"] == "en"
