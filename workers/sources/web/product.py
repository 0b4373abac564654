"""Parses a shop's page into product facts and reviews. Pure: it fetches nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser
from w3lib.encoding import html_body_declared_encoding, html_to_unicode, resolve_encoding

from workers.engine.errors import Reject
from workers.insights.evidence import pseudonym
from workers.insights.inputs import Comment, ProductFacts
from workers.sources.fields import moment, number, text
from workers.sources.web import amazon
from workers.sources.web.amazon import is_amazon_product
from workers.sources.web.availability import buy_controls, find_availability
from workers.sources.web.boilerplate import Boilerplate
from workers.sources.web.categories import read_categories
from workers.sources.web.details import MAX_READ_CHARACTERS, is_told, read_details
from workers.sources.web.fetch import Page
from workers.sources.web.markup import Markup, Node, as_list, has_type, is_readable, read_markup
from workers.sources.web.name import find_name, main_product
from workers.sources.web.price import currency_code, find_price
from workers.sources.web.recognition import is_product_page
from workers.sources.web.reviewers import reviewer
from workers.sources.web.specs import is_auction, lines_of, read_sides, read_specs, rows_of

MAX_REVIEWS = 200
MAX_TITLE = 1000  # characters read of a page's title
MAX_COUNT = 10**12  # of reviews; a larger one is another number
MAX_BRAND_CHARACTERS = 60
MAX_DETAILS = 50  # values of a property
_NO_BRAND = re.compile(
    r"[$#{}<>@]|https?:|\b(unbranded|no brand|generic|n/a|none)\b", re.IGNORECASE
)
_DETAIL_PROPERTIES = (
    "material",
    "color",
    "size",
    "weight",
    "height",
    "width",
    "depth",
)
# UN/CEFACT codes of units, as schema.org wants them.
_UNIT_CODES = {
    "MLT": "ml",
    "CLT": "cl",
    "LTR": "l",
    "GRM": "g",
    "KGM": "kg",
    "MMT": "mm",
    "CMT": "cm",
    "MTR": "m",
    "ONZ": "oz",
    "LBR": "lb",
    "INH": "inch",
}
# Python also has codecs like zlib, and punycode, whose time grows with the square of the page.
_TEXT_ENCODING = re.compile(r"(?:utf|cp\d|iso|gb|big5|euc|shift|koi8|mac|ascii|tis|johab)")
# Titles of pages that ask whether the visitor is human.
_BLOCK_TITLE = re.compile(
    r"just a moment|attention required|access denied|access to this page has been denied"
    r"|(robot|bot|security|human) (check|verification)|are you (a )?(human|robot)"
    r"|verify (that )?you are|pardon our interruption|request (was )?blocked|403 forbidden"
    r"|^\W*(re)?captcha\W*($|[-|:\u2013])|captcha (check|challenge|required|verification)"
    r"|(complete|solve|enter|fill in)\b.{0,20}\bcaptcha",
    re.IGNORECASE,
)


def read_page(page: Page, ref_key: bytes) -> tuple[ProductFacts | None, tuple[Comment, ...]]:
    """The product of the page and its reviews; None if the page is about no product."""
    return read_html(_decoded(page), page.url, ref_key)


def read_html(
    html: str, url: str, ref_key: bytes
) -> tuple[ProductFacts | None, tuple[Comment, ...]]:
    """The same for decoded HTML. Raises `Reject` for a page that is unreadable or blocks us."""
    if not is_readable(html):
        raise Reject("page_not_readable", "The page is built in a way that we cannot read.")
    tree = LexborHTMLParser(html)
    markup = read_markup(tree)
    boilerplate = Boilerplate()
    if not markup.products and _is_block_page(tree, boilerplate):
        raise Reject("page_blocked", "The website does not let us read this page.")
    name = find_name(markup, tree, url)
    if name is None:
        return None, ()
    product = main_product(markup, name)
    if not is_amazon_product(tree, url) and not is_product_page(
        markup, product, tree, name, boilerplate
    ):
        return None, ()
    reviews = _reviews(markup, ref_key)
    if is_amazon_product(tree, url):
        reviews = tuple(amazon.read_reviews(tree, ref_key))
    facts = _facts(name, markup, product, tree, boilerplate, url=url)
    return facts, reviews


def _decoded(page: Page) -> str:
    """Decodes with the encoding that the page names; UTF-8 if that is no encoding of texts."""
    named = (resolve_encoding(page.charset or ""), html_body_declared_encoding(page.content))
    if any(name is not None and not _TEXT_ENCODING.match(name) for name in named):
        return page.content.decode("utf-8", "replace")
    charset = f"text/html; charset={page.charset}" if page.charset else None
    return html_to_unicode(charset, page.content, default_encoding="utf-8")[1]


def _is_block_page(tree: LexborHTMLParser, boilerplate: Boilerplate) -> bool:
    """Whether the title is that of a block page; such pages also come with status 200.

    A page that sells something is none, whatever its product is called.
    """
    title = tree.css_first("title")
    if title is None or _BLOCK_TITLE.search(title.text()[:MAX_TITLE]) is None:
        return False
    return next(buy_controls(tree, boilerplate), None) is None


def _facts(
    name: str,
    markup: Markup,
    product: Node | None,
    tree: LexborHTMLParser,
    boilerplate: Boilerplate,
    *,
    url: str,
) -> ProductFacts:
    money = find_price(markup, product, tree, name, boilerplate)
    rating, review_count = _rating(markup)
    brand = _named(_first(markup, "brand")) or markup.page.get("product:brand")
    stated = [*_stated_properties(product)]
    if is_amazon_product(tree, url):
        rating, review_count = amazon.read_rating(tree)
        brand = amazon.read_brand(tree)
        stated += amazon.read_rows(tree)
    description = text(_first(markup, "description")) or markup.page.get("og:description")
    rows = rows_of(tree)
    stated += [row for row in rows if is_told(row)]
    details = read_details(name, stated, description)
    sides = read_sides(rows)
    has_size = any("×" in size for size in details.sizes)
    return ProductFacts(
        name=name,
        brand=_brand(brand),
        price=money.amount if money else None,
        currency=currency_code(money.currency, url) if money else None,
        availability=find_availability(markup, product, tree, boilerplate),
        rating=rating,
        review_count=review_count,
        materials=details.materials,
        sizes=details.sizes if sides is None or has_size else (sides, *details.sizes[:3]),
        colours=details.colours,
        specs=read_specs([*rows, *lines_of(tree)]),
        is_auction=is_auction(tree),
        url=url,
        categories=read_categories(
            markup, product, tree, name=name, site=_site(url), brand=_brand(brand)
        ),
        description=description[:MAX_READ_CHARACTERS] if description else None,
    )


def _site(url: str) -> str:
    """The host of an address; nothing of one that cannot be read."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # "http://["
        return ""


def _rating(markup: Markup) -> tuple[float | None, int | None]:
    """The stars of five and the number of reviews or ratings."""
    rating = _first_node(markup, "aggregateRating")
    value = number(rating.get("reviewCount")) or number(rating.get("ratingCount"))
    count = None if value is None or value >= MAX_COUNT else int(value)
    return _of_five(rating), count


def _brand(value: str | None) -> str | None:
    """A name. Shops also put labels in front of it ("Brand: X"), sentences and placeholders."""
    name = (value or "").rpartition(":")[2].strip()
    is_name = name and len(name) <= MAX_BRAND_CHARACTERS and not _NO_BRAND.search(name)
    return name if is_name else None


def _stated_properties(product: Node | None) -> Iterator[tuple[str, str]]:
    """Label and value of the main product's properties in structured data."""
    if product is None:
        return
    for label in _DETAIL_PROPERTIES:
        for value in as_list(product.get(label))[:MAX_DETAILS]:
            yield label, _valued(value)
    for entry in as_list(product.get("additionalProperty"))[:MAX_DETAILS]:
        if isinstance(entry, dict):
            yield text(entry.get("name")) or "", _valued(entry)


def _valued(value: Any) -> str:
    """The text of a property: plain, named, or a quantity with its unit."""
    if not isinstance(value, dict):
        return text(value) or ""
    amount = text(value.get("value"))
    if amount is None:
        return text(value.get("name")) or ""
    unit = text(value.get("unitText")) or _UNIT_CODES.get(text(value.get("unitCode")) or "", "")
    return f"{amount} {unit}".strip()


def _first(markup: Markup, key: str) -> Any:
    values = (as_list(product.get(key)) for product in markup.products)
    return next((found[0] for found in values if found), None)


def _first_node(markup: Markup, key: str) -> Node:
    value = _first(markup, key)
    return value if isinstance(value, dict) else {}


def _named(value: Any) -> str | None:
    return text(value.get("name")) if isinstance(value, dict) else text(value)


def _reviews(markup: Markup, ref_key: bytes) -> tuple[Comment, ...]:
    found: dict[str, Comment] = {}
    for product in markup.products:
        for review in as_list(product.get("review")) + as_list(product.get("reviews")):
            comment = _review(review, ref_key) if isinstance(review, dict) else None
            if comment is not None:
                found.setdefault(comment.ref, comment)
            if len(found) == MAX_REVIEWS:
                return tuple(found.values())
    return tuple(found.values())


def _review(review: Node, ref_key: bytes) -> Comment | None:
    words = text(review.get("reviewBody")) or text(review.get("description"))
    if words is None or not has_type(review, "Review", "UserReview"):
        return None
    author = _named(review.get("author")) or ""
    rating = review.get("reviewRating")
    return Comment(
        ref=pseudonym(ref_key, "review", f"{author}\x1f{words}"),
        text=words,
        kind="review",
        author_ref=reviewer(author, ref_key),
        rating=_of_five(rating) if isinstance(rating, dict) else number(rating),
        created_at=moment(review.get("datePublished")),
    )


def _of_five(rating: Node) -> float | None:
    value, best = number(rating.get("ratingValue")), number(rating.get("bestRating")) or 5.0
    return None if value is None or not 0 <= value <= best else round(value * 5.0 / best, 2)
