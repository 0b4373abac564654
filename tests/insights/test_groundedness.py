"""A document that cites what is not there, or states what nothing states, is never published."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.insights.samples import KEY, NOW, make_collection, make_comments, varied
from workers.insights.analysis import analyse
from workers.insights.evidence import EvidenceLog, UngroundedError, check
from workers.insights.inputs import ProductFacts
from workers.insights.pack import statements
from workers.insights.pack.words import LOCALES


def _log():
    log = EvidenceLog(b"k")
    log.add("comment", "Ten comments praise the taste.", ["c1", "c2"])
    return log


def test_claims_with_existing_evidence_are_counted():
    content = {"net": [{"share": 0.2, "evidence_ids": ["e1"]}, {"evidence_id": "e1"}]}
    assert check(content, _log().items()).model_dump() == {
        "claims": 2,
        "cited": 2,
        "verified": 2,
        "dropped": 0,
    }


def test_an_id_that_does_not_exist_is_refused():
    with pytest.raises(UngroundedError, match="e7"):
        check({"themes": [{"share": 0.2, "evidence_ids": ["e1", "e7"]}]}, _log().items())


def test_a_number_without_evidence_is_refused():
    with pytest.raises(UngroundedError, match="themes"):
        check({"themes": [{"share": 0.2, "evidence_ids": []}]}, _log().items())


def test_an_absent_number_needs_none():
    assert check({"metric": {"value": None, "evidence_ids": []}}, _log().items()).claims == 0


def test_the_same_evidence_keeps_its_id():
    log = _log()
    assert log.add("comment", "Ten comments praise the taste.", ["c2", "c1"]) == "e1"
    assert log.add("video", "Another.", ["v1"]) == "e2"


def test_two_posts_of_which_the_same_is_said_are_two_pieces_of_evidence():
    log = EvidenceLog(b"k")
    links = [f"https://www.tiktok.com/@a/video/71234567{n}" for n in range(2)]
    ids = [log.add("video", "The same.", [f"v{n}"], url=link) for n, link in enumerate(links)]
    assert ids == ["e1", "e2"]
    assert [item.url[-1] for item in log.items()] == ["0", "1"]


def test_evidence_names_its_sources_by_a_keyed_hash():
    one, other = EvidenceLog(b"k"), EvidenceLog(b"another key")
    for log in (one, other):
        log.add("video", "Another.", ["v1"])
    assert one.items()[0].pseudonym != other.items()[0].pseudonym
    assert len(one.items()[0].pseudonym) == 24


def test_a_long_paraphrase_is_cut():
    log = EvidenceLog(b"k")
    log.add("comment", "word " * 100, ["c1"])
    assert len(log.items()[0].paraphrase) == 140


def _pack(locale, **fields):
    comments = make_comments(*varied("how much does it cost?", 12))
    collection = make_collection(comments=comments, subject_is_product=True, **fields)
    return analyse(
        collection, product_name="Mug 300", now=NOW, ref_key=KEY, locale=locale
    ).pack.configuration


@pytest.mark.parametrize("locale", LOCALES)
def test_a_number_that_nothing_states_is_never_published(locale, monkeypatch):
    """The writer is made to err: the check finds it in every language."""
    right = statements._overall

    def wrong(given):
        for statement in right(given):
            shown = given.words.number(4711.25, 1)
            yield replace(statement, summary=f"{statement.summary} {shown}.")

    monkeypatch.setattr(statements, "_overall", wrong)
    with pytest.raises(UngroundedError, match=r"4711\.3"):
        _pack(locale)


@pytest.mark.parametrize("locale", LOCALES)
def test_numbers_of_the_page_and_of_the_name_are_stated(locale):
    product = ProductFacts(
        "Mug",
        price=Decimal("1234.56"),
        currency="EUR",
        rating=4.35,
        review_count=98_765,
        sizes=("20 × 30.5 cm",),
    )
    pack = _pack(locale, product=product)
    assert len(pack["facts"]) == 3
    assert "Mug 300" in pack["headline"]
