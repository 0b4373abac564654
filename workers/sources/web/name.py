"""Finds the product's name in markup, headings and titles.

A page may have several headings ("Added to cart"), and its markup may list other products. The
page's title names the right product, but is too long to show. So the name most like it is taken.
"""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser

from workers.sources.similarity import likeness, overlap, words_of
from workers.sources.web.markup import Markup, Node

MAX_CHARACTERS = 300
MAX_HEADINGS = 20
MAX_READ_CHARACTERS = 3000  # of a name or a title, before it is cleaned
MAX_URL_CHARACTERS = 2000
_UNSHOWN = frozenset({"Co", "Cf", "Cs"})  # icons' glyphs, invisible ones, halves of pairs
_SITE = re.compile(r"\s+[|\u2013\u2014]\s+|\s+-\s+(?=\S+(?:\s\S+)?$)")


def find_name(markup: Markup, tree: LexborHTMLParser, url: str = "") -> str | None:
    """The product's name; None on a page without titles, headings and markup."""
    titles = page_titles(markup, tree)
    judge = " ".join((*titles, _readable(url)))
    stated = [clean_name(node.get("name")) for node in markup.products]
    shown = headings(tree)
    for group in (stated, shown):
        names = [name for name in group if name]
        best = max(names, key=lambda name: likeness(name, judge), default="")
        if best and (overlap(best, judge) >= 0.5 or not titles):
            return _without_lead(best, judge)
    hints = " ".join((_readable(url), *shown))
    rest = [*titles, *shown, *stated]
    return next((_without_site(name, hints) for name in rest if name), None)


def main_product(markup: Markup, name: str) -> Node | None:
    """The node whose name is most like `name`; the first of equals."""
    nodes = markup.products
    return max(nodes, key=lambda node: likeness(clean_name(node.get("name")), name), default=None)


def page_titles(markup: Markup, tree: LexborHTMLParser) -> list[str]:
    """The title that link previews show, and the title of the page."""
    node = tree.css_first("title")
    titles = (clean_name(markup.page.get("og:title")), clean_name(node.text() if node else ""))
    return [title for title in titles if title]


def headings(tree: LexborHTMLParser) -> list[str]:
    """The texts of the page's main headings."""
    return [clean_name(node.text(separator=" ")) for node in tree.css("h1")[:MAX_HEADINGS]]


def _readable(url: str) -> str:
    """The words of a URL's path, which names the product where the title names only the shop."""
    return unquote(urlsplit(url).path[:MAX_URL_CHARACTERS]).replace("_", " ")


def _without_lead(name: str, title: str) -> str:
    """Without the words before the first one that the title has, such as "Details about"."""
    words, known = name.split(), set(words_of(title))
    for start, word in enumerate(words):
        if any(part in known for part in words_of(word)):
            return " ".join(words[start:])
    return name


def _without_site(title: str, hints: str) -> str:
    """The part of "Mug | Shop" that shares most words with `hints`; the longer one of equals."""
    parts = _SITE.split(title)
    return max(parts, key=lambda part: (overlap(part, hints), len(part))).strip()


def clean_name(value: object) -> str:
    """One line without entities and glyphs of icons."""
    text = html.unescape(value[:MAX_READ_CHARACTERS]) if isinstance(value, str) else ""
    visible = "".join(char for char in text if unicodedata.category(char) not in _UNSHOWN)
    return " ".join(visible.split())[:MAX_CHARACTERS]
