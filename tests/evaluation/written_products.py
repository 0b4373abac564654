"""Pages of products that look like something else: by their names, their markup or their layout.

They are made here from templates, as the pages of `no_products.py` are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.evaluation.no_products import OtherPage, linked, page

# What their names say is what pages without a product say.
NAMES = (
    "Coming Soon Mug",
    "Under Construction sign for kids",
    "404 Not Found T-shirt",
    "Page Not Found poster, A2",
    "Captcha the card game",
    "Security check: the board game",
    "Are you a robot? Picture book",
    "Canvas shopping bag",
    "Toy shopping cart, wood",
    "Checkout counter play set",
    "Donation box, acrylic",
    "Thank you card with envelope",
    "Order book for waiters",
    "Pricing gun with 1,000 labels",
    "Plan desk calendar",
    "Search results puzzle",
    "Login book for passwords",
    "Сейф «Входной»",
    "Resultados rápidos, crema facial",
    "Tarifa, silla plegable",
    "Support us scarf",
)
SKUS = ("MUG-BLU-300", "4006381333931", "B07XJ8C8F5", "ab1234", "KX.200/7")


def pages() -> Iterator[OtherPage]:
    """Every page, in a fixed order. `kind` says what makes it hard."""
    buy = '<p class="price">€ 24.50</p><button>Add to cart</button>'
    for number, name in enumerate(NAMES):
        html = page("en", f"{name} | Potter", f"<h1>{name}</h1><p>It is blue.</p>{buy}")
        yield OtherPage("name", f"/products/{number}", html)
    for number, code in enumerate(SKUS):
        for key in ("name", "sku"):
            html = page("en", "Stoneware mug, blue", "<h1>Stoneware mug, blue</h1>", _of(code, key))
            yield OtherPage("article number", f"/p/{number}-{key}", html)
    lists: tuple[dict[str, Any], ...] = (
        {"isPartOf": {"@type": "CollectionPage", "name": "Mugs"}},
        {"isPartOf": [{"@type": "CollectionPage", "@id": "#mugs"}]},
        {"subjectOf": {"@type": "NewsArticle", "headline": "A mug for all"}},
        {"review": {"@type": "Review", "itemReviewed": {"@type": "Event", "name": "Fair"}}},
        {"isSimilarTo": {"@type": "ItemList", "itemListElement": []}},
    )
    for number, extra in enumerate(lists):
        html = page("en", "Blue mug", "<h1>Blue mug</h1>", _markup({"name": "Blue mug"} | extra))
        yield OtherPage("outer page", f"/mugs/blue-{number}", html)
    crumbs = {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": 1,
                "item": {"@type": "CollectionPage", "name": "Mugs"},
            }
        ],
    }
    graph = [
        {"@type": "CollectionPage", "@id": "#mugs"},
        _node({"name": "Blue mug", "isPartOf": {"@id": "#mugs"}}),
    ]
    item_page = {"@type": "ItemPage", "isPartOf": {"@type": "CollectionPage"}}
    for number, further in enumerate((crumbs, graph, item_page)):
        head = linked(further) + ("" if further is graph else _markup({"name": "Blue mug"}))
        html = page("en", "Blue mug", "<h1>Blue mug</h1>", head)
        yield OtherPage("outer page", f"/mugs/graph-{number}", html)
    yield from _layouts(buy)


def _layouts(buy: str) -> Iterator[OtherPage]:
    """Without markup, beside neighbours that look alike."""
    tile = '<div class="item"><h3><a href="/p/{0}">Bowl</a></h3><p class="price">€ {0}.00</p></div>'
    for n in (1, 2, 5):
        tiles = "".join(tile.format(9 + place) for place in range(n))
        body = f"<h1>Blue mug</h1><div>{buy}</div><section>{tiles}</section>"
        yield OtherPage("neighbours", f"/blue-{n}", page("en", "Blue mug", body))
    ways = "".join(
        f'<div class="way"><b>{way}</b><span class="price">€{price}</span>'
        f'<a href="#about-{price}">About</a></div>'
        for way, price in (("Once", 24), ("Each month", 20))
    )
    body = f"<h1>Coffee box</h1>{ways}<button>Add to cart</button>"
    yield OtherPage("subscription", "/coffee-box", page("en", "Coffee box", body))
    body = f'<h1>Scarf</h1>{buy}<aside><a class="button" href="/donate">Donate</a></aside>'
    yield OtherPage("charity", "/scarf", page("en", "Scarf", body))


def _of(code: str, key: str) -> str:
    named = {"name": code, "sku": code} if key == "sku" else {"name": code}
    return _markup(named)


def _markup(fields: dict[str, Any]) -> str:
    return linked(_node(fields))


def _node(fields: dict[str, Any]) -> dict[str, Any]:
    offer = {"@type": "Offer", "price": "24.50", "priceCurrency": "EUR"}
    return {"@type": "Product", "offers": offer} | fields
