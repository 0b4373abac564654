"""Decides whether a page is about one product.

Articles, categories, log-ins, errors and parked domains also have titles, and many have prices.
Structured data decides where it describes the page. Otherwise the main content must show a price,
a buy button or a note about stock that belongs to no list.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

from workers.sources.similarity import likeness, overlap
from workers.sources.web.availability import buy_controls, stock_notes
from workers.sources.web.boilerplate import Boilerplate, ancestors
from workers.sources.web.markup import Markup, Node
from workers.sources.web.name import clean_name, headings, page_titles
from workers.sources.web.price import priced_elements, stated_price

MAX_LINKS = 20_000
LIST_ENTRIES = 3  # siblings, each with a price and a link
MAX_AMOUNTS = 12  # different prices of one product's page; a list without links has more
_SAME_NAME = 0.5  # share of the product's words that titles and headings have
_EXACT = 0.9  # likeness of the product's name and a heading
_MARGIN = 0.15  # between the likeness of the product's name and that of the next one
_FEW = 2  # products that may be named alike

# schema.org's types of pages. A test report has the offers of other shops, but no button.
_ARTICLES = (
    "Article",
    "NewsArticle",
    "ReportageNewsArticle",
    "OpinionNewsArticle",
    "AnalysisNewsArticle",
    "BlogPosting",
    "LiveBlogPosting",
    "TechArticle",
    "ScholarlyArticle",
    "Recipe",
)
_LISTS = ("CollectionPage", "SearchResultsPage", "CheckoutPage")
# Product pages have these, too, for instance questions and answers below the product.
_PARTS = ("FAQPage", "QAPage", "ContactPage", "AboutPage", "ProfilePage", "JobPosting")
_PRODUCT_OF_PAGE = re.compile(r"(^|[:.])(product|product\.item|item)$", re.IGNORECASE)
_ARTICLE_OF_PAGE = re.compile(r"^(article|profile|video\.\w+|music\.\w+)$", re.IGNORECASE)
# Titles of carts. A product's page may have such a heading above its small cart.
_CART = re.compile(
    r"(shopping |your |my )(cart|bag|basket)|checkout|warenkorb|(mon|votre) panier"
    r"|(tu|mi|su) (carrito|cesta)|(seu|meu) carrinho|(il tuo|mio) carrello|winkelwagen",
    re.IGNORECASE,
)
# Titles and headings of errors, log-ins, searches and parked domains.
_NO_PRODUCT = re.compile(
    r"^\W*((error|fehler|erreur)\W*)?(40[34]|410|50[0234])\W*($|[-|:·\u2013]|error|page|not\b|seite)"
    r"|(page|seite|site|página|pagina|strona|sidan|siden)\b.{0,40}\b"
    r"(not (be )?found|nicht gefunden|introuvable|no encontrada|não encontrada|non trovata"
    r"|niet gevonden|nie znaleziono)|not found|nicht gefunden|introuvable|no encontrad[ao]"
    r"|não encontrad[ao]|non trovat[ao]|niet gevonden|не найден|見つかりません|找不到|찾을 수 없"
    r"|^\W*(log|sign)[ -]?(in|on|up)\W*($|[-|:·\u2013]|to\b|now\b)"
    r"|\b(log|sign) in to\b|create (an |your )?account|anmelden"
    r"|einloggen|registrieren|se connecter|^\W*connexion|iniciar sesión|inicia sesión|^\W*entrar\b"
    r"|fazer login|^\W*accedi\b|inloggen|zaloguj|войти|вход|ログイン|로그인|登录|登入"
    r"|search results|results for|suchergebnisse|résultats|resultados|risultati|zoekresultaten"
    r"|domain\b.{0,30}\b(for sale|parked|available|kaufen|verkauf|à vendre|en venta)"
    r"|\.[a-z]{2,20} (is|may be) (for sale|available)|buy this domain|parked (free|domain)"
    r"|zu verkaufen.{0,20}domain|under construction|coming soon|maintenance",
    re.IGNORECASE,
)


def is_product_page(
    markup: Markup,
    product: Node | None,
    tree: LexborHTMLParser,
    name: str,
    boilerplate: Boilerplate,
) -> bool:
    """Whether the page is about one product that is, was or will be sold."""
    titles = [*page_titles(markup, tree), *headings(tree)]
    is_article = markup.has_page_type(*_ARTICLES)
    is_article_by_og = _ARTICLE_OF_PAGE.match(markup.page.get("og:type", "")) is not None
    if markup.has_page_type(*_LISTS):
        return False
    if _is_stated(markup, product, titles):
        has_offer = product is not None and stated_price(markup, product) is not None
        if is_article:
            return has_offer and any(node.tag != "a" for node in buy_controls(tree, boilerplate))
        return has_offer or not is_article_by_og
    if is_article or is_article_by_og or markup.has_page_type(*_PARTS):
        return False
    is_named_otherwise = _name_no_product(
        page_titles(markup, tree), _NO_PRODUCT, _CART
    ) or _name_no_product(headings(tree), _NO_PRODUCT)
    return not is_named_otherwise and _shows_one_product(tree, name, boilerplate)


def _is_stated(markup: Markup, product: Node | None, titles: Sequence[str]) -> bool:
    """Whether structured data describes one product that titles or headings name."""
    if _PRODUCT_OF_PAGE.search(markup.page.get("og:type", "")) and stated_price(markup) is not None:
        return True
    given = clean_name(product.get("name")) if product else ""
    if not given or overlap(given, " ".join(titles)) < _SAME_NAME:
        return False
    best = _likeness_to(given, titles)
    others = {clean_name(node.get("name")) for node in markup.products} - {given, ""}
    if len(others) < _FEW or best >= _EXACT:
        return True
    return best - max(_likeness_to(other, titles) for other in others) >= _MARGIN


def _name_no_product(titles: Sequence[str], *patterns: re.Pattern[str]) -> bool:
    """Whether there are titles, and each of them matches one of the patterns."""
    return bool(titles) and all(
        any(pattern.search(title) for pattern in patterns) for title in titles
    )


def _likeness_to(name: str, titles: Iterable[str]) -> float:
    return max((likeness(name, title) for title in titles), default=0.0)


def _shows_one_product(tree: LexborHTMLParser, name: str, boilerplate: Boilerplate) -> bool:
    prices = list(priced_elements(tree, name, boilerplate))
    buttons = list(buy_controls(tree, boilerplate))
    notes = list(stock_notes(tree, boilerplate))
    listed = _list_entries(tree, [*(node for node, _ in prices), *buttons, *notes])
    amounts = {
        money.amount
        for node, money in prices
        if money.currency is not None and not _is_within(node, listed)
    }
    if len(amounts) > MAX_AMOUNTS:
        return False
    return bool(amounts) or any(not _is_within(node, listed) for node in (*buttons, *notes))


def _list_entries(tree: LexborHTMLParser, found: Sequence[LexborNode]) -> frozenset[int]:
    """Elements that are entries of a list of products, such as the tiles of a category.

    An entry has a link and one of `found`, as LIST_ENTRIES of its siblings with its tag and class.
    """
    linked = {
        around.mem_id
        for link in tree.css("a[href]")[:MAX_LINKS]
        for around in (link, *ancestors(link))
    }
    alike: defaultdict[tuple[int, str, str], set[int]] = defaultdict(set)
    for node in found:
        for entry in (node, *ancestors(node)):
            if entry.mem_id in linked and entry.parent is not None:
                classes = (entry.attributes.get("class") or "").split()
                kind = (entry.parent.mem_id, entry.tag or "", classes[0] if classes else "")
                alike[kind].add(entry.mem_id)
    return frozenset(
        entry for entries in alike.values() if len(entries) >= LIST_ENTRIES for entry in entries
    )


def _is_within(node: LexborNode, entries: frozenset[int]) -> bool:
    return any(each.mem_id in entries for each in (node, *ancestors(node)))
