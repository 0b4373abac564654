"""Parses a shop's page into product facts and reviews. Pure: it fetches nothing."""

from __future__ import annotations

import re
from typing import Any

from selectolax.lexbor import LexborHTMLParser
from w3lib.encoding import html_body_declared_encoding, html_to_unicode, resolve_encoding

from workers.engine.errors import Reject
from workers.insights.evidence import pseudonym
from workers.insights.inputs import Comment, ProductFacts
from workers.sources.fields import moment, number, text
from workers.sources.web.availability import find_availability
from workers.sources.web.fetch import Page
from workers.sources.web.markup import Markup, Node, as_list, has_type, is_readable, read_markup
from workers.sources.web.name import find_name, main_product
from workers.sources.web.price import find_price

MAX_REVIEWS = 200
MAX_TITLE = 1000  # characters read of a page's title
# Python also has codecs like zlib, and punycode, whose time grows with the square of the page.
_TEXT_ENCODING = re.compile(r"(?:utf|cp\d|iso|gb|big5|euc|shift|koi8|mac|ascii|tis|johab)")
# Titles of pages that ask whether the visitor is human.
_BLOCK_TITLE = re.compile(
    r"just a moment|attention required|access denied|access to this page has been denied"
    r"|(robot|bot|security|human) (check|verification)|are you (a )?(human|robot)"
    r"|verify (that )?you are|pardon our interruption|captcha|request (was )?blocked|403 forbidden",
    re.IGNORECASE,
)


def read_page(page: Page, ref_key: bytes) -> tuple[ProductFacts | None, tuple[Comment, ...]]:
    """The product of the page, or None, and its reviews."""
    return read_html(_decoded(page), page.url, ref_key)


def read_html(
    html: str, url: str, ref_key: bytes
) -> tuple[ProductFacts | None, tuple[Comment, ...]]:
    """The same for decoded HTML. Raises `Reject` for a page that is unreadable or blocks us."""
    if not is_readable(html):
        raise Reject("page_not_readable", "The page is built in a way that we cannot read.")
    tree = LexborHTMLParser(html)
    markup = read_markup(tree)
    if not markup.products and _is_block_page(tree):
        raise Reject("page_blocked", "The website does not let us read this page.")
    name = find_name(markup, tree, url)
    if name is None:
        return None, ()
    return _facts(name, markup, tree, url), _reviews(markup, ref_key)


def _decoded(page: Page) -> str:
    """Decodes with the encoding that the page names; UTF-8 if that is no encoding of texts."""
    named = (resolve_encoding(page.charset or ""), html_body_declared_encoding(page.content))
    if any(name is not None and not _TEXT_ENCODING.match(name) for name in named):
        return page.content.decode("utf-8", "replace")
    charset = f"text/html; charset={page.charset}" if page.charset else None
    return html_to_unicode(charset, page.content, default_encoding="utf-8")[1]


def _is_block_page(tree: LexborHTMLParser) -> bool:
    """Whether the title is that of a block page; such pages also come with status 200."""
    title = tree.css_first("title")
    return title is not None and _BLOCK_TITLE.search(title.text()[:MAX_TITLE]) is not None


def _facts(name: str, markup: Markup, tree: LexborHTMLParser, url: str) -> ProductFacts:
    product = main_product(markup, name)
    money = find_price(markup, product, tree, name)
    rating = _first_node(markup, "aggregateRating")
    return ProductFacts(
        name=name,
        brand=_named(_first(markup, "brand")) or markup.page.get("product:brand"),
        price=money.amount if money else None,
        currency=money.currency if money else None,
        availability=find_availability(markup, product, tree),
        description=text(_first(markup, "description")) or markup.page.get("og:description"),
        rating=number(rating.get("ratingValue")),
        review_count=_review_count(rating),
        sku=text(_first(markup, "sku")) or text(_first(markup, "productID")),
        image_url=_url(markup.page.get("og:image")) or _url(_first(markup, "image")),
        url=url,
    )


def _first(markup: Markup, key: str) -> Any:
    values = (as_list(product.get(key)) for product in markup.products)
    return next((found[0] for found in values if found), None)


def _first_node(markup: Markup, key: str) -> Node:
    value = _first(markup, key)
    return value if isinstance(value, dict) else {}


def _named(value: Any) -> str | None:
    return text(value.get("name")) if isinstance(value, dict) else text(value)


def _url(value: Any) -> str | None:
    found = text(value.get("url")) if isinstance(value, dict) else text(value)
    if found and found.startswith("//"):
        found = f"https:{found}"
    return found if found and found.startswith(("https://", "http://")) else None


def _review_count(rating: Node) -> int | None:
    value = number(rating.get("reviewCount")) or number(rating.get("ratingCount"))
    return None if value is None or value >= 10**15 else int(value)


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
        author_ref=pseudonym(ref_key, "author", author) if author else None,
        rating=_of_five(rating) if isinstance(rating, dict) else number(rating),
        created_at=moment(review.get("datePublished")),
    )


def _of_five(rating: Node) -> float | None:
    value, best = number(rating.get("ratingValue")), number(rating.get("bestRating")) or 5.0
    return None if value is None or not 0 <= value <= best else value * 5.0 / best
