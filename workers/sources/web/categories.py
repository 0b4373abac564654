"""Reads where a shop files its product: the category trail, from the general to the special.

Shops state the trail in markup (BreadcrumbList), as the product's category, in meta elements, or
only show it. The first of these with two categories or more counts.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from workers.insights.vocabulary import whole_words
from workers.sources.fields import number, text
from workers.sources.similarity import likeness, words_of
from workers.sources.web.boilerplate import short_text
from workers.sources.web.markup import Markup, Node, as_list

MAX_CATEGORIES = 8
MAX_CHARACTERS = 60  # of a category; a longer text is a sentence
MAX_TRAIL_CHARACTERS = 400  # of a trail in one text
MAX_TRAILS, MAX_ENTRIES = 10, 30
LIKE_THE_NAME = 0.7  # the likeness from which a category repeats the product's name
_SHOWN = (
    "#wayfinding-breadcrumbs_feature_div, nav[aria-label*='breadcrumb' i],"
    " ol[class*='breadcrumb' i], ul[class*='breadcrumb' i], nav[class*='breadcrumb' i],"
    " div[class*='breadcrumb' i], p[class*='breadcrumb' i], section[class*='breadcrumb' i]"
)
_STATED = "meta[property='product:category'], meta[property='og:category'], meta[name='category']"
_LEVELS = re.compile(r"\s*[>\u203a\u00bb\u2192|]\s*|\s+/+\s+")
_SLASHES = re.compile(r"\s*/\s*")
_NO_CATEGORY = re.compile(r"https?:|www\.|[{}<>=$€£]|^[\W\d]*$|^\S+\.\w{2,10}$", re.IGNORECASE)
# What shops call their first page, and what else stands in trails.
_HOME = frozenset((
    "home", "home page", "homepage", "start", "startseite", "accueil", "inicio", "início",
    "página inicial", "pagina inicial", "главная", "главная страница", "начало",
    "начална страница", "strona główna", "główna", "domov", "úvod", "domů", "hlavní stránka",
    "ראשי", "דף הבית", "עמוד הבית", "홈", "الرئيسية", "الصفحة الرئيسية", "首頁", "首页", "ホーム",
    "トップ", "acasă", "acasa", "sākums", "hem", "koti", "etusivu", "avaleht", "pradžia",
    "forside", "hjem", "ana sayfa", "anasayfa", "trang chủ", "naslovnica", "početna",
    "domača stran", "головна", "kezdőlap", "főoldal", "หน้าแรก", "beranda", "αρχική",
    "hauptseite", "shop", "store", "products", "produkte", "produits", "productos", "produtos",
    "prodotti", "all", "catalog", "каталог", "back", "zurück", "retour", "volver", "voltar",
    "indietro", "назад", "product details", "kleinanzeigen", "for sale", "breadcrumbs",
    "breadcrumb",
))  # fmt: skip


def read_categories(
    markup: Markup,
    product: Node | None,
    tree: LexborHTMLParser,
    *,
    name: str,
    site: str,
    brand: str | None,
) -> tuple[str, ...]:
    """At most MAX_CATEGORIES. The shop's first page, the product and its brand are none."""
    trails = (
        *(_of_markup(node) for node in markup.trails[:MAX_TRAILS]),
        _of_category(product.get("category")) if product is not None else (),
        _shown(tree),
        _of_meta(tree),
    )
    read = [_cleaned(trail, name, site, brand) for trail in trails]
    longest = next((trail for trail in read if len(trail) > 1), None)
    return longest or next(filter(None, read), ())


def _of_markup(trail: Node) -> Iterator[str]:
    """The names of a BreadcrumbList's entries, by their positions."""
    given = as_list(trail.get("itemListElement") or trail.get("ItemListElement"))
    entries = [entry for entry in given[:MAX_ENTRIES] if isinstance(entry, dict)]
    for entry in sorted(entries, key=lambda entry: number(entry.get("position")) or 0):
        item = entry.get("item")
        named = item.get("name") if isinstance(item, dict) else None
        yield text(entry.get("name")) or text(named) or ""


def _of_category(stated: object) -> Iterator[str]:
    """Of schema.org's `category`: a text, a path of levels, a code with a name, or a list."""
    for value in as_list(stated)[:MAX_ENTRIES]:
        named = value.get("name") if isinstance(value, dict) else value
        yield from _levels(text(named) or "")


def _of_meta(tree: LexborHTMLParser) -> Iterator[str]:
    for meta in tree.css(_STATED)[:MAX_ENTRIES]:
        yield from _levels(meta.attributes.get("content") or "")


def _levels(path: str) -> list[str]:
    """The levels of "A > B > C" or "A/B/C". Nothing of an address and of a longer text."""
    if len(path) > MAX_TRAIL_CHARACTERS or "://" in path:
        return []
    levels = _LEVELS.split(path)
    return levels if len(levels) > 1 else _SLASHES.split(path)


def _shown(tree: LexborHTMLParser) -> Iterator[str]:
    """The trail that visitors see: the entries of a list, else its links, else one line."""
    for node in tree.css(_SHOWN)[:MAX_TRAILS]:
        found = list(islice(_entries(node), MAX_ENTRIES))
        if found:
            yield from found
            return


def _entries(node: LexborNode) -> Iterator[str]:
    for selector in ("li", "a"):
        entries = node.css(selector)[:MAX_ENTRIES]
        if entries:
            for entry in entries:
                yield short_text(entry, MAX_CHARACTERS) or ""
            return
    yield from _levels(short_text(node, MAX_TRAIL_CHARACTERS) or "")


def _cleaned(trail: Iterable[str], name: str, site: str, brand: str | None) -> tuple[str, ...]:
    """Each category once, in one line. The last ones stay if there are too many."""
    found: dict[str, str] = {}
    for given in islice(trail, MAX_ENTRIES):
        category = " ".join(html.unescape(given[: 2 * MAX_CHARACTERS]).split())
        category = category.strip("-\u2013>/|\u203a\u00bb\u2039\u00ab•· ")
        if not _is_category(category, name, site, brand):
            continue
        found.setdefault(category.casefold(), category)
    return tuple(found.values())[-MAX_CATEGORIES:]


def _is_category(category: str, name: str, site: str, brand: str | None) -> bool:
    if not 1 < len(category) <= MAX_CHARACTERS or _NO_CATEGORY.search(category):
        return False
    said = category.casefold()
    if said in _HOME or likeness(category, name) >= LIKE_THE_NAME:
        return False
    if brand is not None and whole_words([re.escape(brand)]).search(category):
        return False  # "T-shirts by Potter"
    # "3 SUISSES" on 3suisses.fr.
    return "".join(words_of(category)) not in site.replace("-", "").split(".")
