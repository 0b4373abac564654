# ruff: noqa: RUF001 (names in other alphabets)
"""The kind of a product by meaning: names in other languages, codes, and what shops call it."""

from __future__ import annotations

import pytest

from tests.evaluation import product_kinds
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import ProductFacts
from workers.insights.pack.facts import stated_facts
from workers.insights.pack.kinds import KINDS, known_kind
from workers.insights.pack.meaning import digest, kind_of_product, prototypes, texts_of
from workers.insights.pack.words import words_in
from workers.insights.sentiment.embedding import Vectors
from workers.insights.vocabulary import read_resource


def kind(name, *categories):
    return kind_of_product([name], categories, Vectors())


@pytest.mark.parametrize(
    ("name", "categories", "told"),
    [
        ("Luminarc Набор стаканов Octime 330 мл 6 шт H9811", ["Бокалы и стаканы"], "mug"),
        ("تيشيرت بشعار الماركة", ["ملابس", "تيشيرتات"], "clothes"),
        ("OFLEKI", ["T-shirts e Pólos Homem", "T-Shirt mangas curtas Homem"], "clothes"),
    ],
)
def test_a_kind_is_told_in_languages_whose_words_nobody_listed(name, categories, told):
    assert kind(name, *categories) == told
    assert kind_of_product([name], ()) is None


@pytest.mark.parametrize(
    ("name", "categories"),
    [
        ("Suzuki Alto vxr 2010", ["Vehicles", "Cars"]),
        ("Norton Security 3.0: 1 User, 5 Devices", ["Electricals", "Software"]),
        ("Клетка для хомяка с лабиринтом", ["Грызуны"]),
        ("Hamster Cage with Wheel", ["Pet", "Small Animals"]),
        ("Donut Nest L", ["Dogs", "Beds"]),
        ("Windows 11 Pro licence key", []),
        ("Réparation de machines à laver", ["Services"]),
        ("Marlow", []),
        ("Marlow", ["Sale"]),
    ],
)
def test_what_no_kind_fits_has_none(name, categories):
    assert kind(name, *categories) is None


@pytest.mark.parametrize(
    ("name", "said", "filed", "told"),
    [
        ("2 bed flat to rent", "bed", ["Property"], None),
        ("Canvas coffee cup print", "mug", ["Home", "Wall art"], "wall_art"),
    ],
)
def test_a_shops_category_contradicts_a_word_of_the_name(name, said, filed, told):
    assert known_kind(name) == said
    assert kind(name, *filed) == told


@pytest.mark.parametrize(
    ("name", "categories", "told"),
    [
        ("Кожаные мужские перчатки", ["Аксессуары"], "gloves"),
        ("Monstera deliciosa 60 cm", ["Zimmerpflanzen"], "plant"),
    ],
)
def test_a_kind_has_its_own_names_and_is_not_told_as_a_broader_one(name, categories, told):
    assert known_kind(name) is None
    assert kind(name, *categories) == told


@pytest.mark.parametrize(
    ("name", "categories"),
    [
        ("Cotton bra", ["Lingerie", "Post-surgery bras"]),
        ("Brassière de sport post-opératoire", ["Soutien-gorge"]),
        ("Sport-BH", ["Umstandsmode"]),
    ],
)
def test_nothing_for_the_health_has_a_kind_by_its_category_either(name, categories):
    assert kind(name, *categories) is None


def test_a_language_that_the_encoder_does_not_read_has_no_kind_by_meaning():
    assert kind("שמלת ערב ארוכה", "נשים") is None


def test_categories_stand_in_no_fact_and_no_evidence():
    log = EvidenceLog(b"key")
    product = ProductFacts("OFLEKI", categories=("Roupa", "T-Shirt mangas curtas Homem"))
    facts = stated_facts(product, log, words_in("en"), "OFLEKI", Vectors())
    assert facts.kind is not None
    assert facts.kind.name == "clothes"
    assert "mangas" not in repr((facts, log.items()))


def test_the_stored_vectors_belong_to_the_names():
    names = read_resource("kind_prototypes.toml")["names"]
    assert len(prototypes().vectors) == len(texts_of(names))
    assert digest(["a"]) != digest(["b"])


def test_every_broader_kind_has_a_test():
    broader = read_resource("kind_prototypes.toml")["broader"]
    assert {*broader, *broader.values()} <= KINDS


def test_every_kind_with_a_test_has_names():
    assert set(read_resource("kind_prototypes.toml")["names"]) >= KINDS


def test_the_sheet_is_large_in_many_languages_and_much_of_it_has_no_kind():
    found = product_kinds.sheet()
    assert len(found) >= 300
    assert sum(not product.kinds for product in found) >= 0.25 * len(found)


def test_names_that_nothing_was_fitted_on_judge_the_kinds(tmp_path, monkeypatch):
    rows = "Red shoes,Shoes,shoes,en\nMug,,pen,en\nX,,,en\n"
    fitted = "Blue shoes,Shoes,pan,en\n"
    lines = "".join(fitted + row + "\n" for row in rows.splitlines())
    path = tmp_path / "names.csv"
    path.write_text(f"name,categories,kind,language\n{lines}")
    monkeypatch.setattr(product_kinds, "BY_ANOTHER", path)
    precision, coverage = product_kinds.judge_sheet()
    assert (precision.value, precision.n) == (0.5, 3)
    assert (coverage.value, coverage.n) == (0.5, 2)
