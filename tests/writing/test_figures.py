"""Numbers of a claim: a named field or a sentence of ours states them, with their unit."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from workers.writing.figures import mentions
from workers.writing.grounding import Ground
from workers.writing.predicates import is_said
from workers.writing.speech import SPEECHES

EVIDENCE = [
    {"id": "e1", "kind": "comment", "paraphrase": "34 comments speak of durability.", "n": 34},
    {"id": "e2", "kind": "comment", "paraphrase": "120 comments were read.", "n": 120},
    {"id": "e3", "kind": "comment", "paraphrase": "8 of 120 comments want to buy.", "n": 8},
    {"id": "e4", "kind": "review", "paraphrase": "12 reviews give 4.6 of 5 stars.", "n": 12},
    {"id": "e9", "kind": "video", "paraphrase": "A post with 4.2 times its usual views.", "n": 18},
    {"id": "e10", "kind": "product_fact", "paraphrase": "The page states 25.00 USD.", "n": 1},
]
FINDINGS = {
    "sentiment_summary": {
        "overall": {"net": -0.31, "ci95": [-0.4, -0.22], "n": 120, "evidence_ids": ["e2"]},
        "aspects": [{"name": "durability", "mentions": 34, "net": -0.58, "evidence_ids": ["e1"]}],
        "purchase_intent": {"share": 0.067, "ci95": [0.034, 0.126], "evidence_ids": ["e3"]},
        "stars": {"mean": 4.6, "n": 12, "evidence_ids": ["e4"]},
        "as_of": "2026-11-30T10:00:00Z",
    },
    "virality_breakdown": {
        "stands_out": {"value": 74, "interval": [61, 83], "ratio": 4.2, "evidence_ids": ["e9"]},
    },
}
NAME = "Marlow 500 ml Bottle"
GROUND = Ground.of(FINDINGS, EVIDENCE, [NAME])
ALL = [item["id"] for item in EVIDENCE]


def stated():
    """The numbers of everything that states one."""
    return {figure.value for figure in GROUND.figures(ALL)}


@pytest.mark.parametrize(
    "text",
    [
        "34 comments speak of it.",
        "34 people speak of it.",
        "Of 120 comments, 34 comments speak of it.",
        "8 of 120 comments want to buy.",
        "8 out of 120 people want to buy.",
        "7 % of comments want to buy.",
        "6.7% of all comments want to buy.",
        "Between 3 and 13 % of comments want to buy.",
        "A net of -0.31.",
        "The net is \u22120.31, between -0.40 and -0.22.",
        "It scores 74 of 100.",
        "A score of 74, from 61 to 83.",
        "4.2 times the usual views.",
        "4.2x the usual views.",
        "4.6 of 5 stars from 12 reviews.",
        "4.6-star reviews.",
        "25 USD.",
        "$25.00 for the bottle.",
        "It holds 500 ml.",
        "It holds 500ml.",
        "No number at all.",
        "This one is for you.",
    ],
)
def test_a_stated_number_with_its_unit_may_be_quoted(text):
    assert GROUND.allows(text, ALL)


@pytest.mark.parametrize(
    "text",
    [
        "9 of 10 people love it.",
        "9 out of 10 comments love it.",
        "Nine out of ten people love it.",
        "One in ten comments complains.",
        "Half of all comments praise it.",
        "Thousands of people ask for it.",
        "10 people love it.",
        "30 people love it.",
        "34 buyers love it.",
        "34 % of comments love it.",
        "74 % of comments love it.",
        "31 % of comments love it.",
        "7 % of buyers love it.",
        "7 % off today.",
        "A net of 0.31.",
        "74 comments praise it.",
        "74 of 120 comments praise it.",
        "120 stars.",
        "34 times the usual views.",
        "25 EUR.",
        "\u00a325 for the bottle.",
        "Only 25 left.",
        "It holds 25 ml.",
        "\uff19 of \uff11\uff10 people love it.",
        "\u0669 comments love it.",
        "Since 2026 on the market.",
        "On 2026-11-30 people asked.",
        "\u00bd of it is left.",
        "It won prize No. 1.",
        "34",
        "See e9.",
    ],
)
def test_a_number_without_its_field_or_with_another_unit_is_not_allowed(text):
    assert not GROUND.allows(text, ALL)


def test_a_number_counts_only_for_a_claim_that_cites_its_evidence():
    assert GROUND.allows("34 comments speak of it.", ["e1"])
    assert not GROUND.allows("34 comments speak of it.", ["e3"])


WORDS = st.sampled_from([
    "people", "comments", "love", "it", "bottle", "of", "out", "in", "the", "net", "score",
    "times", "reviews", "stars", "USD", "$", "%", "views", "want", "to", "and", "or", "-", "/",
    ".", ",", "(", ")", "#", "one", "34", "120",
])  # fmt: skip
NUMBERS = st.one_of(
    st.integers(0, 10**6).map(str),
    st.decimals(0, 1000, places=2).map(str),
    st.integers(1000, 10**6).map("{:,}".format),
    st.sampled_from(["nine", "Twelve", "hundreds", "twice", "half", "\u2169", "\u00bc", "\u0967"]),
)


@settings(max_examples=500)
@given(
    st.lists(WORDS, max_size=6), NUMBERS, st.lists(WORDS, max_size=6), st.sampled_from(["", " "])
)
@example(["-"], "9", ["of", "120", "comments"], " ")
def test_prose_with_a_number_that_no_field_states_is_always_dropped(before, number, after, space):
    plain = unicodedata.normalize("NFKC", number).replace(",", "").casefold()
    plain = SPEECHES["en"].spelled.get(plain, plain)
    if plain.replace(".", "").isdecimal():
        plain = f"{float(plain):.2f}".rstrip("0").rstrip(".")
    assume(plain not in {value.lstrip("-") for value in stated()} | {"5", "100"})
    if number[0].isalpha() or {"34", "120"} & {*before[-1:], *after[:1]}:
        space = " "  # glued, it would be another word or another number
    text = f"{' '.join(before)}{space}{number}{space}{' '.join(after)}"
    assert not GROUND.allows(text, ALL)


@given(st.text(alphabet=st.characters(categories=["Nd", "Nl", "No"]), min_size=1, max_size=4))
def test_every_numeral_of_unicode_is_a_number(numeral):
    assert mentions(f"{numeral} comments love it")


def test_a_long_chain_of_numbers_is_read_without_recursion():
    assert len(mentions("1-" * 20_000)) == 20_000


# The prose of a pack is in its language, and so are its figures.
TOLD = {
    "es": "12 de 27 comentarios preguntan por el precio.",
    "pt": "12 de 27 comentários perguntam sobre o preço.",
    "fr": "12 commentaires sur 27 posent une question sur le prix.",
    "de": "12 von 27 Kommentaren fragen nach dem Preis.",
}
SHARES = {"overall": {"n": 27, "positive": 0.62, "evidence_ids": ["e1"]}}


def told(locale):
    evidence = [
        {"id": "e1", "kind": "comment", "paraphrase": TOLD[locale], "n": 12, "label": "question"}
    ]
    return Ground.of({"sentiment_summary": SHARES}, evidence, locale=locale)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("es", "12 personas preguntan por el precio."),
        ("es", "62 % positivos, 12 de los 27 comentarios preguntan."),
        ("pt", "12 pessoas perguntam; 62% positivos."),
        ("fr", "12 personnes sur 27 demandent le prix, 62\u00a0% positifs."),
        ("de", "Zwölf Leute fragen nach dem Preis, 12 von 27 Kommentaren."),
        ("de", "62 % positiv."),
    ],
)
def test_figures_of_other_languages_hold_with_their_unit(locale, text):
    assert told(locale).allows(text, ["e1"])


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("es", "13 personas preguntan por el precio."),
        ("es", "Doce vídeos preguntan por el precio."),
        ("es", "La mitad pregunta por el precio."),
        ("pt", "Treze pessoas perguntam."),
        ("pt", "62% negativos."),
        ("fr", "12 personnes sur 28 demandent le prix."),
        ("fr", "La plupart demandent le prix."),
        ("de", "12 von 28 Kommentaren fragen."),
        ("de", "Dreizehn Leute fragen."),
    ],
)
def test_figures_that_nothing_states_fall_in_every_language(locale, text):
    assert not told(locale).allows(text, ["e1"])


def test_grouped_numbers_are_one_number_in_every_language():
    grouped = {"en": "1,234", "es": "1.234", "pt": "1.234", "de": "1.234", "fr": "1\u202f234"}
    assert {mentions(f"{text} x", locale)[0].value for locale, text in grouped.items()} == {"1234"}


# A number is bound to what its source says of it.
BOUND = {
    "en": "8 comments praise the sound of it.",
    "es": "8 comentarios elogian el sonido.",
    "pt": "8 comentários elogiam o som.",
    "fr": "8 commentaires louent le son.",
    "de": "8 Kommentare loben den Klang.",
}


def bound(locale, label="praise"):
    evidence = [
        {"id": "e1", "kind": "comment", "paraphrase": BOUND[locale], "n": 8, "label": label}
    ]
    return Ground.of({}, evidence, locale=locale, names=["Marlow"])


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "8 people praise its sound."),
        ("en", "8 comments love the sound of the Marlow!"),
        ("en", "The sound is what 8 people talk about."),
        ("es", "8 personas elogian su sonido."),
        ("es", "A 8 personas les encanta el sonido del Marlow."),
        ("pt", "8 pessoas adoram o som."),
        ("fr", "8 personnes aiment le son de la Marlow."),
        ("de", "8 Leute loben den Klang."),
        ("de", "Den Klang mögen 8 Leute."),
    ],
)
def test_a_number_may_be_said_of_what_its_source_says(locale, text):
    assert bound(locale).allows(text, ["e1"])


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "8 people died."),
        ("en", "8 people, after using it, died."),
        ("en", "The sound killed 8 people."),
        ("en", "8 people complain about the sound."),
        ("en", "8 people do not praise the sound."),
        ("en", "8 people never praise the sound."),
        ("en", "More than 8 people praise the sound."),
        ("en", "8 doctors recommend it."),
        ("en", "8 people praise it and it cures cancer."),
        ("es", "8 personas murieron."),
        ("es", "8 personas no elogian el sonido."),
        ("es", "8 personas se quejan del sonido."),
        ("pt", "8 pessoas morreram."),
        ("pt", "8 pessoas não elogiam o som."),
        ("pt", "8 pessoas reclamam do som."),
        ("fr", "8 personnes sont mortes."),
        ("fr", "8 personnes n'aiment pas le son."),
        ("fr", "8 personnes se plaignent du son."),
        ("de", "8 Leute starben."),
        ("de", "8 Leute loben den Klang nicht."),
        ("de", "8 Leute beschweren sich über den Klang."),
        ("de", "Mehr als 8 Leute loben den Klang."),
    ],
)
def test_a_number_with_another_predicate_is_refused(locale, text):
    assert not bound(locale).allows(text, ["e1"])


@pytest.mark.parametrize(
    "text",
    [
        "34 people died.",
        "8 of 120 comments want to die.",
        "120 comments speak of durability.",
        "7 % of comments want to sell.",
        "4.2 times more dangerous than before.",
        "12 reviews call it toxic.",
        "It gets 4.6 of 5 stars for killing.",
        "A net of -0.31 deaths.",
        "It scores 74 of 100 for safety.",
    ],
)
def test_measures_are_bound_as_counts_are(text):
    assert not GROUND.allows(text, ALL)


def test_a_text_binds_its_numbers_too():
    ground = Ground.of({}, (), ["8 comments praise the sound.", "Marlow 500 ml"])
    assert ground.allows("8 people praise the sound.")
    assert ground.allows("It holds 500 ml, enough for a day.")
    assert not ground.allows("8 people died.")


def test_a_word_that_denies_another_is_no_form_of_it():
    known = frozenset({"worth", "harm", "wert"})
    for word in ("worthless", "harmless", "wertlos"):
        assert not is_said([word], known, frozenset(), "en")
    for word in ("worthy", "harms", "wertes"):
        assert is_said([word], known, frozenset(), "en")
