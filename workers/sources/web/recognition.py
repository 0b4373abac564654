"""Decides whether a page is about one product.

Articles, categories, log-ins, errors and parked domains also have titles, and many have prices.
Structured data decides where it describes the page. Otherwise the main content must show a price,
a buy button or a note about stock that belongs to no list.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from workers.sources.similarity import likeness, overlap
from workers.sources.web.availability import buy_controls, labelled_buttons, stock_notes
from workers.sources.web.boilerplate import Boilerplate, ancestors, short_text
from workers.sources.web.markup import Markup, Node, as_list
from workers.sources.web.name import clean_name, headings, page_titles
from workers.sources.web.price import priced_elements, stated_price

MAX_LINKS = 20_000
LIST_ENTRIES = 3  # siblings, each with a price and a link
MAX_LISTED = 200  # entries read of a list in the markup
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
_LISTS = ("CollectionPage", "SearchResultsPage", "CheckoutPage", "Order", "Invoice")
# Product pages have these, too, for instance questions and answers below the product.
_PARTS = (
    "FAQPage",
    "QAPage",
    "ContactPage",
    "AboutPage",
    "ProfilePage",
    "JobPosting",
    "Event",
    "MusicEvent",
    "Hotel",
    "Restaurant",
    "DiscussionForumPosting",
    "SocialMediaPosting",
    "DonateAction",
)
_PRODUCT_OF_PAGE = re.compile(r"(^|[:.])(product|product\.item|item)$", re.IGNORECASE)
_ARTICLE_OF_PAGE = re.compile(r"^(article|profile|video\.\w+|music\.\w+)$", re.IGNORECASE)
_END = r"\W*($|[-|:(\u2013\u2014])"  # of a title's part
# Titles of carts. A product's page may have such a heading above its small cart.
_CART = re.compile(
    r"^\W*((shopping |your |my )+(cart|bag|basket)|checkout|warenkorb|(mon|votre) panier"
    r"|(tu|mi|su) (carrito|cesta)|(seu|meu) carrinho|(il tuo|mio) carrello|winkelwagen)"
    rf"( \(?\d+.*)?{_END}",
    re.IGNORECASE,
)
# Titles and headings of errors, log-ins, searches and parked domains.
_NO_PRODUCT = re.compile(
    r"^\W*((error|fehler|erreur)\W*)?(40[34]|410|50[0234])"
    r"\W*($|[-|:·\u2013]|error\b|page\b|seite\b|not found\W*$)"
    r"|(page|seite|site|página|pagina|strona|sidan|siden)\b.{0,40}\b"
    r"(not (be )?found|nicht gefunden|introuvable|no encontrada|não encontrada|non trovata"
    rf"|niet gevonden|nie znaleziono)({_END}| (on|at|in)\b)|(not found|nicht gefunden|introuvable"
    r"|no encontrad[ao]|não encontrad[ao]|non trovat[ao]|niet gevonden|не найден\w?|見つかりません"
    rf"|찾을 수 없습니다|찾을 수 없음){_END}"
    r"|^\W*(log|sign)[ -]?(in|on|up)\W*($|[-|:·\u2013]|to\b|now\b)"
    r"|\b(log|sign) in to\b|create (an |your )?account|anmelden"
    r"|einloggen|registrieren|se connecter|^\W*connexion|iniciar sesión|inicia sesión|^\W*entrar\b"
    rf"|fazer login|^\W*accedi\b|inloggen|zaloguj|войти|^\W*вход{_END}|ログイン|로그인|登录|登入"
    rf"|^\W*(\d+ )?search results({_END}| for\b)|\bsearch results for|^\W*(\d+ )?results for"
    r"|suchergebnisse|zoekresultaten"
    r"|^\W*(\d+ )?(résultats?|resultados?|risultat[io])( de (la )?(búsqueda|recherche|busca))?"
    rf"( pour| para| per|{_END})"
    r"|domain\b.{0,30}\b(for sale|parked|available|kaufen|verkauf|à vendre|en venta)"
    r"|\.[a-z]{2,20} (is|may be) (for sale|available)|buy this domain|parked (free|domain)"
    r"|zu verkaufen.{0,20}domain"
    r"|^\W*((this |our |the |we'?re )?(new )?(page |site |website |shop |store )?(is |are )?"
    rf"(currently )?)?(under construction|coming soon){_END}"
    r"|^\W*maintenance\W*($|[-|:·\u2013]|mode|page)|\b(under|site|scheduled|down for) maintenance",
    re.IGNORECASE,
)
# Titles and headings of a service's price list, of donation pages, and of placed orders.
_SERVICE = re.compile(
    r"^\W*((our |simple |plans (and|&) |transparent )*pricing|pricing (and|&) plans"
    r"|(our )?(plans|prices)|preise( (und|&) \w+)?|(unsere )?tarife|(nos )?(tarifs|forfaits)"
    r"|(nuestros )?(precios|planes)( y \w+)?|(nossos )?(preços|planos)( e \w+)?|(i nostri )?piani"
    rf"|prezzi){_END}"
    r"|\b(simple|transparent|flexible|fair|honest),? (\w+ )?pricing\b|plans (and|&) pricing"
    r"|(choose|pick|find|select) (a|your|the|the right|the best) (\w+ )?plan\b|plans? for every"
    r"|(wähle?n? sie|wähle) (ihren|deinen) tarif|choisissez votre (forfait|formule|offre)"
    r"|elige tu plan|escolha (o )?seu plano|scegli il (tuo )?piano"
    rf"|^\W*(donate|donations?|donate (now|today|to .+)|give (now|today|back)){_END}"
    rf"|^\W*(make|give) a (donation|gift)\b|^\W*support (us|our (work|mission|cause)){_END}"
    rf"|^\W*((jetzt )?spenden?|ihre spende|spende an .+){_END}|jetzt spenden"
    rf"|^\W*(faire un don|je donne|nous soutenir|soutenez.nous){_END}|faites un don"
    rf"|^\W*(donar|dona|donativos?|haz (una|tu) donación|doar|doações|faça (uma|sua) doação){_END}"
    r"|haz una donación|faça uma doação|fai una donazione"
    rf"|^\W*(dona ora|sostienici|donazioni?){_END}"
    r"|thank(s| you)( very much)? for (your|the) (order|purchase|donation)"
    r"|^\W*(thank you|thanks|danke|merci|gracias|obrigad[oa]|grazie)\s*([,!.].*)?$"
    r"|\border (is |was |has been )?(confirm|received|complete|placed|status\b|summary\b|details\b)"
    r"|(received|got|have) your order\b|payment (was )?(received|successful|complete)"
    r"|booking (is )?confirm|^\W*(order )?receipt\W*($|[-|:(#\d])"
    r"|\border\W{0,2}(no\.?|number|nr\.?|#)\W{0,2}\d|^\W*(your|my) (orders?|receipt)\b"
    r"|bestell(ung)?(bestätigung|bestaetigung| (ist |wurde )?(bestätigt|eingegangen))"
    r"|danke? für (ihre|deine) (bestellung|spende)|merci (pour|de) (votre|ta) (commande|achat)"
    r"|confirmation de (votre |ta )?commande|commande (confirmée|validée|n°)"
    r"|gracias por (tu|su) (pedido|compra)|pedido (confirmado|recibido|realizado)"
    r"|confirmación (de|del) (tu |su )?(pedido|compra)|obrigad[oa] (pela|por) (sua )?compra"
    r"|confirmação (de|do) (seu )?pedido|grazie per (il tuo|l'|il) ?(ordine|acquisto)"
    r"|conferma (dell'|d')ordine",
    re.IGNORECASE,
)
# What buttons that ask for donations say.
_GIVES = re.compile(
    r"^\W*(donate|give (now|today|monthly|once|\W?\d)|contribute|chip in|pledge|sponsor (a|us)|tip"
    r"|become a (patron|supporter|donor)|(buy|leave) (me|us) a (coffee|tip)|jetzt spenden|spenden"
    r"|je donne|faire un don|donner|donar|quiero donar|doar|quero doar|dona)\b",
    re.IGNORECASE,
)
# A price of a service: for a period or a person.
_PERIOD = re.compile(
    r"(/|\b(per|pro|par|al|por|a|ao|je|each|every)\b)\s*(mo|month|user|seat|member|yr|year|monat"
    r"|nutzer|jahr|mois|utilisateur|an|mes|usuario|año|mês|usuário|ano|mese|utente)\b"
    r"|\bbilled (monthly|yearly|annually)",
    re.IGNORECASE,
)
# What the page of a placed order says of it.
_PLACED = re.compile(
    r"\b(order|bestell\w*|commande|pedido|ordine|booking|invoice|transaction|payment)"
    r"\W{0,3}(no|number|nr|id|nummer|num[eé]ro|número|n°|nº|#|reference)\W{0,4}[\w-]{0,10}\d{3}"
    r"|\b(a|your) (confirmation|receipt)( e-?mail)? (was|has been|is being|will be) sent",
    re.IGNORECASE,
)
_MAX_READ = 100_000  # characters of the page's text
_LONGEST_PERIOD = 120  # characters of the text around a price
# A name that only the shop's own system reads: an article number.
_CODE = re.compile(r"(?=\S*\d)[\w./#-]+")
_CODES = ("sku", "mpn", "productID", "identifier", "gtin", "gtin13", "gtin12", "gtin8")
_MAX_HEADINGS = 2000  # of tiles
_TILE_LEVELS = 4  # from a price up to the tile that has its heading


def is_product_page(
    markup: Markup,
    product: Node | None,
    tree: LexborHTMLParser,
    name: str,
    boilerplate: Boilerplate,
) -> bool:
    """Whether the page is about one product that is, was or will be sold."""
    titles, heads = page_titles(markup, tree), headings(tree)
    is_article = markup.has_page_type(*_ARTICLES)
    is_article_by_og = _ARTICLE_OF_PAGE.match(markup.page.get("og:type", "")) is not None
    if _is_list_page(markup, product) or _name_no_product([*titles, *heads], _SERVICE):
        return False
    is_named_otherwise = _name_no_product(titles, _NO_PRODUCT, _CART, _SERVICE) or _name_no_product(
        heads, _NO_PRODUCT, _SERVICE
    )
    if _is_stated(markup, product, [*titles, *heads], is_named_otherwise=is_named_otherwise):
        has_offer = product is not None and stated_price(markup, product) is not None
        if is_article:
            return has_offer and any(node.tag != "a" for node in buy_controls(tree, boilerplate))
        return has_offer or not is_article_by_og
    if is_article or is_article_by_og or markup.has_page_type(*_PARTS):
        return False
    return not is_named_otherwise and _shows_one_product(tree, name, boilerplate)


def _is_list_page(markup: Markup, product: Node | None) -> bool:
    """Whether the page is a list or an order, as opposed to a page that is part of one."""
    names = {clean_name(node.get("name")) for node in markup.products}
    outer = set()
    if product is not None and len(names) == 1:
        parts = (each for each in as_list(product.get("isPartOf")) if isinstance(each, dict))
        outer = {each.get("@id") for each in parts if isinstance(each.get("@id"), str)}
    return any(node.get("@id") not in outer for node in markup.of_type(*_LISTS))


def _is_stated(
    markup: Markup, product: Node | None, titles: Sequence[str], *, is_named_otherwise: bool
) -> bool:
    """Whether structured data describes one product that titles or headings name."""
    if _PRODUCT_OF_PAGE.search(markup.page.get("og:type", "")) and stated_price(markup) is not None:
        return True
    given = clean_name(product.get("name")) if product else ""
    if product is None or not given or given in _listed_names(markup):
        return False
    others = {clean_name(node.get("name")) for node in markup.products} - {given, ""}
    if overlap(given, " ".join(titles)) < _SAME_NAME:
        # No title has an article number.
        is_priced = stated_price(markup, product) is not None
        return is_priced and not others and not is_named_otherwise and _is_code(product, given)
    best = _likeness_to(given, titles)
    if len(others) < _FEW or best >= _EXACT:
        return True
    return best - max(_likeness_to(other, titles) for other in others) >= _MARGIN


def _listed_names(markup: Markup) -> set[str]:
    """The names of products that the markup has in a list and nowhere else."""
    listed: dict[int, Node] = {}
    for found in markup.of_type("ItemList", "OfferCatalog"):
        for entry in as_list(found.get("itemListElement"))[:MAX_LISTED]:
            for item in (entry, *_values(entry, "item"), *_values(entry, "itemOffered")):
                if isinstance(item, dict):
                    listed[id(item)] = item
    alone = {clean_name(node.get("name")) for node in markup.products if id(node) not in listed}
    return {clean_name(node.get("name")) for node in listed.values()} - alone


def _values(node: object, key: str) -> list[object]:
    return as_list(node.get(key)) if isinstance(node, dict) else []


def _is_code(product: Node, name: str) -> bool:
    """Whether the name is an article number."""
    codes = {str(code).casefold() for key in _CODES for code in as_list(product.get(key))[:5]}
    return name.casefold() in codes or _CODE.fullmatch(name) is not None


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
    tiles = _Tiles(tree)

    def is_own(node: LexborNode) -> bool:
        return not _is_within(node, listed) and not tiles.has(node)

    own = [(node, money) for node, money in prices if money.currency is not None and is_own(node)]
    sells = any(map(is_own, buttons))
    amounts = {money.amount for _, money in own}
    if len(amounts) > MAX_AMOUNTS:
        return False
    if not sells and (
        _takes_gifts(tree, boilerplate)
        or (len(amounts) > 1 and all(_is_for_a_period(node) for node, _ in own))
        or (len(amounts) > 1 and all(_is_choice(node) for node, _ in own))
        or (tree.body is not None and _PLACED.search(tree.body.text(separator=" ")[:_MAX_READ]))
    ):
        return False
    return bool(amounts) or sells or any(map(is_own, notes))


def _takes_gifts(tree: LexborHTMLParser, boilerplate: Boilerplate) -> bool:
    """Whether a button of the main content asks for a donation."""
    return any(
        _GIVES.search(said) and boilerplate.score(node) == 0
        for node, said in labelled_buttons(tree)
    )


def _is_choice(node: LexborNode) -> bool:
    """Whether a price is an amount to choose, as on a form for donations."""
    return any(each.tag in {"label", "button"} for each in (node, *islice(ancestors(node), 2)))


def _is_for_a_period(node: LexborNode) -> bool:
    """Whether a price, or the text around it, is for a month or a user."""
    around = (node, *islice(ancestors(node), 2))
    return any(_PERIOD.search(short_text(each, _LONGEST_PERIOD) or "") for each in around)


def _list_entries(tree: LexborHTMLParser, found: Sequence[LexborNode]) -> frozenset[int]:
    """Elements that are entries of a list of products, such as the tiles of a category.

    An entry has a link and one of `found`, as LIST_ENTRIES of its siblings with its tag and class.
    Two are enough where they lead to different pages.
    """
    linked: dict[int, str] = {}  # where the first link in each element leads
    for link in tree.css("a[href]")[:MAX_LINKS]:
        for around in (link, *ancestors(link)):
            linked.setdefault(around.mem_id, link.attributes.get("href") or "")
    alike: defaultdict[tuple[int, str, str], set[int]] = defaultdict(set)
    for node in found:
        for entry in (node, *ancestors(node)):
            if entry.mem_id in linked and entry.parent is not None:
                classes = (entry.attributes.get("class") or "").split()
                kind = (entry.parent.mem_id, entry.tag or "", classes[0] if classes else "")
                alike[kind].add(entry.mem_id)
    return frozenset(
        entry
        for entries in alike.values()
        if len(entries) >= LIST_ENTRIES
        or len({linked[each] for each in entries if _leads_away(linked[each])}) > 1
        for entry in entries
    )


class _Tiles:
    """Elements that show another product: they have a heading that leads to its page.

    Without a heading of its own a page's product can't be told from its neighbours: no tiles.
    """

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._own: set[int] = set()
        self._tiles: set[int] = set()
        for heading in tree.css("h1")[:_MAX_HEADINGS]:
            self._own.update(around.mem_id for around in ancestors(heading))
        if not self._own:
            return
        for heading in tree.css("h2, h3, h4, h5")[:_MAX_HEADINGS]:
            link = heading.css_first("a[href]")
            if link is None:
                link = next((each for each in ancestors(heading) if each.tag == "a"), None)
            if link is not None and _leads_away(link.attributes.get("href") or ""):
                self._tiles.update(around.mem_id for around in (heading, *ancestors(heading)))

    def has(self, node: LexborNode) -> bool:
        """Whether such a heading is nearer to the element than the page's own one."""
        for each in (node, *islice(ancestors(node), _TILE_LEVELS)):
            if each.mem_id in self._own:
                return False
            if each.mem_id in self._tiles:
                return True
        return False


def _leads_away(href: str) -> bool:
    """Whether a link leads to another page, as opposed to a place on this one or a script."""
    return not href.lstrip().startswith(("#", "javascript:", "mailto:", "tel:")) and href != ""


def _is_within(node: LexborNode, entries: frozenset[int]) -> bool:
    return any(each.mem_id in entries for each in (node, *ancestors(node)))
