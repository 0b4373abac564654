"""The trail of categories under which a shop files its product."""

from __future__ import annotations

import json

import pytest

from workers.sources.web.categories import MAX_CATEGORIES, MAX_CHARACTERS
from workers.sources.web.product import read_html

URL = "https://www.potter-shop.example/mug"
PRODUCT = '{"@type": "Product", "name": "Mug Rosa", "brand": "Potter", "offers": {"price": 9}%s}'
NAMED = (
    '<title>Mug Rosa</title><h1>Mug Rosa</h1><button>Add to cart</button><b class="price">€9</b>'
)


def categories(html="", stated=""):
    markup = f'<script type="application/ld+json">{PRODUCT % stated}</script>'
    product, _ = read_html(f"{NAMED}{markup}{html}", URL, b"key")
    return product.categories


def trail(*names, nested=False):
    entries = [
        {"@type": "ListItem", "position": place}
        | ({"item": {"@id": "/", "name": name}} if nested else {"name": name, "item": "/"})
        for place, name in enumerate(names, 1)
    ]
    markup = {"@type": "BreadcrumbList", "itemListElement": entries}
    return f'<script type="application/ld+json">{json.dumps(markup)}</script>'


@pytest.mark.parametrize("nested", [True, False])
def test_a_trail_in_markup_is_read_without_home_name_and_brand(nested):
    html = trail("Startseite", "Küche", "Tassen &amp; Becher", "Potter", "Mug Rosa", nested=nested)
    assert categories(html) == ("Küche", "Tassen & Becher")


def test_entries_are_ordered_by_their_positions():
    html = """<ol itemscope itemtype="https://schema.org/BreadcrumbList">
        <li itemprop="itemListElement" itemscope itemtype="https://schema.org/ListItem">
        <span itemprop="name">Mugs</span><meta itemprop="position" content="2"></li>
        <li itemprop="itemListElement" itemscope itemtype="https://schema.org/ListItem">
        <span itemprop="name">Kitchen</span><meta itemprop="position" content="1"></li></ol>"""
    assert categories(html) == ("Kitchen", "Mugs")


@pytest.mark.parametrize(
    ("stated", "read"),
    [
        ('"Home & Garden > Kitchen > Mugs"', ("Home & Garden", "Kitchen", "Mugs")),
        ('"Kitchen/Mugs"', ("Kitchen", "Mugs")),
        ('["Kitchen", "Mugs"]', ("Kitchen", "Mugs")),
        ('{"@type": "CategoryCode", "name": "Mugs"}', ("Mugs",)),
        ("2092", ()),
        ('"https://shop.example/c/12"', ()),
    ],
)
def test_the_category_of_a_product_is_read(stated, read):
    assert categories(stated=f', "category": {stated}') == read


@pytest.mark.parametrize(
    "html",
    [
        '<nav aria-label="Breadcrumb"><ol><li><a>Home</a><li><a>Kitchen</a><li>Mugs</ol></nav>',
        '<div class="breadcrumb"><a>Kitchen</a> / <a>Mugs</a> / <b>Mug Rosa</b></div>',
        '<p class="Breadcrumbs">Home » Kitchen » Mugs</p>',
        '<div id="wayfinding-breadcrumbs_feature_div"><li>Kitchen<li>&rsaquo;<li>Mugs</div>',
    ],
)
def test_a_trail_that_visitors_see_is_read(html):
    assert categories(html) == ("Kitchen", "Mugs")


def test_meta_elements_are_read():
    html = '<meta property="product:category" content="Kitchen &gt; Mugs">'
    assert categories(html) == ("Kitchen", "Mugs")


def test_the_first_trail_with_two_categories_counts():
    html = trail("Mugs") + '<nav class="breadcrumb"><a>Kitchen</a><a>Mugs</a></nav>'
    assert categories(html) == ("Kitchen", "Mugs")


def test_the_shops_own_name_is_no_category():
    assert categories(trail("Potter Shop", "Kitchen", "Mugs")) == ("Kitchen", "Mugs")


def test_a_page_without_a_trail_has_no_categories():
    assert categories() == ()


def test_many_and_long_categories_are_bounded():
    found = categories(trail(*(f"Shelf {letter}" for letter in "abcdefghijklmno"), "x" * 1000))
    assert len(found) == MAX_CATEGORIES
    assert found[-1] == "Shelf o"
    assert all(len(each) <= MAX_CHARACTERS for each in found)


@pytest.mark.parametrize(
    "html",
    [
        '<div class="breadcrumb">' * 400 + "x" * 200_000,
        '<nav class="breadcrumb">' + "<li><a>Kitchen</a></li>" * 20_000 + "</nav>",
        f'<p class="breadcrumb">{"a > " * 100_000}</p>',
        "<ul class=breadcrumb>" + "<li><span>" * 300 + "deep",
    ],
)
def test_a_hostile_trail_costs_little_and_is_cut(html):
    assert len(categories(html)) <= MAX_CATEGORIES
