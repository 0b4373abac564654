"""Amazon's product pages, which have no structured data: stars, reviews, brand, properties."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.evaluation.products import product_pages
from workers.sources.web.product import read_html

URL = "https://www.amazon.de/dp/B00EXAMPLE"
REVIEW = """
<div data-hook="review"><span class="a-profile-name">Ada</span>
  <i data-hook="{hook}"><span>{stars}</span></i>
  <span data-hook="review-body">Hält den Tee warm, Nummer {number}.</span></div>"""
PAGE = """<title>Becher: Amazon.de</title><h1><span id="productTitle">Becher, blau</span></h1>
<a id="bylineInfo">{byline}</a>
<div id="averageCustomerReviews"><span id="acrPopover" title="{stars}"></span>
<span id="acrCustomerReviewText">{total}</span></div>
<span id="price_inside_buybox" class="a-price">12,99 €</span>
<div id="productOverview_feature_div"><table><tr><td>Material</td><td>Steingut</td></tr>
<tr><th>Fassungsvermögen</th><td>300 ml</td></tr></table></div>{reviews}"""


def read(
    stars="4,7 von 5 Sternen", total="1.091 Sternebewertungen", byline="Marke: Potter", reviews=""
):
    page = PAGE.format(stars=stars, total=total, byline=byline, reviews=reviews)
    return read_html(page, URL, b"test")


def test_the_facts_of_a_page():
    facts, _ = read()
    assert (facts.name, facts.brand, facts.price, facts.currency) == (
        "Becher, blau",
        "Potter",
        Decimal("12.99"),
        "EUR",
    )
    assert (facts.rating, facts.review_count) == (4.7, 1091)
    assert (facts.materials, facts.sizes, facts.colours) == (("stoneware",), ("300 ml",), ("blue",))


@pytest.mark.parametrize(
    ("stars", "total", "known"),
    [
        ("4.6 out of 5 stars", "2,842 ratings", (4.6, 2842)),
        ("4,6 sur 5\u00a0étoiles", "2\u202f480 évaluations", (4.6, 2480)),
        ("4,4 su 5 stelle", "45 voti", (4.4, 45)),
        ("5つ星のうち4.3", "1,024個の評価", (4.3, 1024)),
        ("no stars", "", (None, None)),
        ("77 out of 5", "9" * 40, (None, None)),
    ],
)
def test_stars_and_their_number_in_each_shops_language(stars, total, known):
    facts, _ = read(stars, total)
    assert (facts.rating, facts.review_count) == known


@pytest.mark.parametrize(
    "byline",
    [
        "Visit the Potter Store",
        "Besuchen Sie den Potter-Store",
        "Visiter la boutique Potter",
        "Visita lo Store di Potter",
        "Marque : Potter",
    ],
)
def test_the_brand_is_in_the_line_under_the_title(byline):
    assert read(byline=byline)[0].brand == "Potter"


@pytest.mark.parametrize("byline", ["", "Potter and 3 more", "Marke: $brand", "Brand: " + "x" * 90])
def test_another_line_under_the_title_names_no_brand(byline):
    assert read(byline=byline)[0].brand is None


def test_reviews_have_their_stars_and_a_pseudonym_for_their_writer():
    shown = [
        REVIEW.format(hook="review-star-rating", stars="3,0 von 5 Sternen", number=1),
        REVIEW.format(hook="cmps-review-star-rating", stars="5.0 out of 5 stars", number=2),
        '<div data-hook="review">no body</div>',
    ]
    _, reviews = read(reviews="".join(shown))
    assert [(review.kind, review.rating) for review in reviews] == [
        ("review", 3.0),
        ("review", 5.0),
    ]
    assert "Ada" not in str([review.author_ref for review in reviews])


def test_another_sites_page_with_amazons_names_is_none_of_amazons():
    page = '<title>Ten mugs</title><h1>Ten mugs</h1><b id="productTitle">Mug</b>'
    assert read_html(page, "https://blog.example/mugs", b"test") == (None, ())
    assert read_html(page, URL, b"test")[0] is not None


@pytest.mark.data
def test_real_pages_give_their_reviews_with_stars(data):
    pages = [
        read_html(html, url, b"test")
        for html, url in product_pages(data / "product_pages")
        if "amazon" in url
    ]
    reviews = [review for _, found in pages for review in found]
    assert len(reviews) >= 40
    assert all(review.rating for review in reviews)
    assert sum(facts.rating is not None for facts, _ in pages) >= 6
