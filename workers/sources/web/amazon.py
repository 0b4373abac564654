"""Reads what Amazon's product pages show: they have no structured data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from workers.insights.evidence import pseudonym
from workers.insights.inputs import Comment
from workers.sources.fields import text
from workers.sources.web.reviewers import reviewer

MAX_REVIEWS = 200
MAX_ROWS = 200  # of the tables with the product's properties
_LONGEST_VALUE = 200  # characters of a label, a value or a number's text
_HOST = re.compile(r"(.+\.)?amazon\.(com?\.)?[a-z]{2,3}")
_PRODUCT = "#productTitle, #averageCustomerReviews #acrPopover"
_ROWS = "#productOverview_feature_div tr, #prodDetails tr, #technicalSpecifications_section_1 tr"
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_GROUPED = re.compile(r"\d{1,3}(?:[.,\s\u00a0\u202f'\u2019]\d{3})+|\d+")
_OUT_OF_FIRST = re.compile(r"^\s*5\s*つ星")  # "4.6 of 5 stars" in Japanese begins with the 5
# The line under the title: "Visit the Brome Store", "Marque : AMH".
_BYLINE = re.compile(
    r"^(?:visit the (.+) store|besuchen sie den (.+)-store|visiter la boutique (.+)"
    r"|visita lo store di (.+)|visita la tienda de (.+)|visite a loja (.+)"
    r"|(?:brand|marke|marque|marca|merk|marka|varumärke|ブランド)\s*[:\uff1a]\s*(.+))$",
    re.IGNORECASE,
)


def is_amazon_product(tree: LexborHTMLParser, url: str) -> bool:
    """Whether it is a product page of Amazon's."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:  # "http://["
        return False
    return _HOST.fullmatch(host) is not None and tree.css_first(_PRODUCT) is not None


def read_rating(tree: LexborHTMLParser) -> tuple[float | None, int | None]:
    """The stars of five and the number of ratings."""
    stars = tree.css_first("[data-hook='rating-out-of-text'], #acrPopover")
    total = tree.css_first("#acrCustomerReviewText, [data-hook='total-review-count']")
    return (_stars(stars) if stars else None), (_count(_line(total)) if total else None)


def read_brand(tree: LexborHTMLParser) -> str | None:
    """The brand of the line under the title."""
    node = tree.css_first("#bylineInfo")
    match = _BYLINE.match(_line(node)) if node else None
    return next((found for found in match.groups() if found), None) if match else None


def read_rows(tree: LexborHTMLParser) -> Iterator[tuple[str, str]]:
    """Label and value of each property in the page's tables."""
    for row in tree.css(_ROWS)[:MAX_ROWS]:
        cells = row.css("th, td")
        if len(cells) == 2:
            yield _line(cells[0]), _line(cells[1])


def read_reviews(tree: LexborHTMLParser, ref_key: bytes) -> Iterator[Comment]:
    """The reviews on the page, each with its stars."""
    for node in tree.css("[data-hook='review']")[:MAX_REVIEWS]:
        body = node.css_first("[data-hook='review-body']")
        words = text(body.text(separator=" ")) if body else None
        if words is None:
            continue
        stars = node.css_first("[data-hook$='review-star-rating']")
        author = node.css_first(".a-profile-name")
        name = _line(author) if author else ""
        yield Comment(
            ref=pseudonym(ref_key, "review", f"{name}\x1f{words}"),
            text=words,
            kind="review",
            author_ref=reviewer(name, ref_key),
            rating=_stars(stars) if stars else None,
        )


def _stars(node: LexborNode) -> float | None:
    """The number in "4,7 von 5 Sternen"."""
    said = (node.attributes.get("title") or _line(node))[:_LONGEST_VALUE]
    found = _NUMBER.findall(said)
    if _OUT_OF_FIRST.match(said):
        found = found[1:]
    value = float(found[0].replace(",", ".")) if found else None
    return value if value is not None and 0 < value <= 5 else None


def _count(said: str) -> int | None:
    """The number in "1.091 Sternebewertungen"."""
    match = _GROUPED.search(said)
    digits = re.sub(r"\D", "", match[0]) if match else ""
    return int(digits) if 0 < len(digits) <= 12 else None


def _line(node: LexborNode) -> str:
    return " ".join(node.text(separator=" ").split())[:_LONGEST_VALUE]
