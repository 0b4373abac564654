"""Pages that are about no product, as sites of many kinds and languages write them.

They are made here from templates: an article with its markup, a category with many prices, a home
page, a log-in, an error, a cookie wall, a parked domain, a cart, a search, and what else people
paste. Each has a path, because a reader also takes words from the URL.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OtherPage:
    """`kind` says what it is instead."""

    kind: str
    url: str
    html: str


# Language → title, section, three sentences, and how its shops say "add to cart".
_WORDS = {
    "en": (
        "Why rivers run dry in October",
        "Environment",
        ("The water fell by a metre.", "Farmers wait for rain.", "Experts warn of costs of $40."),
        "Add to cart",
    ),
    "de": (
        "Warum die Flüsse im Oktober leer sind",
        "Umwelt",
        ("Der Pegel fiel um einen Meter.", "Bauern warten.", "Es kostet 40 € je Hektar."),
        "In den Warenkorb",
    ),
    "fr": (
        "Pourquoi les rivières sont à sec en octobre",
        "Environnement",
        ("Le niveau a baissé d'un mètre.", "Les paysans attendent.", "Il en coûte 40 €."),
        "Ajouter au panier",
    ),
    "es": (
        "Por qué los ríos se secan en octubre",
        "Medio ambiente",
        ("El nivel bajó un metro.", "Los campesinos esperan.", "Cuesta 40 € por hectárea."),
        "Añadir al carrito",
    ),
    "pt": (
        "Por que os rios secam em outubro",
        "Ambiente",
        ("O nível desceu um metro.", "Os agricultores esperam.", "Custa R$ 40 por hectare."),
        "Adicionar ao carrinho",
    ),
    "it": (
        "Perché i fiumi sono in secca a ottobre",
        "Ambiente",
        ("Il livello è sceso di un metro.", "I contadini aspettano.", "Costa 40 € all'ettaro."),
        "Aggiungi al carrello",
    ),
    "nl": (
        "Waarom rivieren in oktober droogvallen",
        "Milieu",
        ("Het peil daalde een meter.", "Boeren wachten.", "Het kost € 40 per hectare."),
        "In winkelwagen",
    ),
    "pl": (
        "Dlaczego rzeki wysychają w październiku",
        "Środowisko",
        ("Poziom spadł o metr.", "Rolnicy czekają.", "Koszt to 40 zł."),
        "Dodaj do koszyka",
    ),
}
_GOODS = {
    "en": ("Bottles", ["Steel bottle", "Glass bottle", "Kids bottle", "Big bottle"], "$"),
    "de": ("Flaschen", ["Edelstahlflasche", "Glasflasche", "Kinderflasche", "Karaffe"], "€"),
    "fr": ("Bouteilles", ["Gourde acier", "Carafe", "Gourde enfant", "Bouteille verre"], "€"),
    "es": ("Botellas", ["Botella acero", "Botella vidrio", "Jarra", "Botella niños"], "€"),
    "pt": ("Garrafas", ["Garrafa aço", "Garrafa vidro", "Jarra", "Garrafa infantil"], "R$"),
    "it": ("Bottiglie", ["Borraccia acciaio", "Bottiglia vetro", "Caraffa", "Borraccia"], "€"),
}
_LOGINS = {
    "en": ("Log in", "E-mail", "Password"),
    "de": ("Anmelden", "E-Mail", "Passwort"),
    "fr": ("Connexion", "Adresse e-mail", "Mot de passe"),
    "es": ("Iniciar sesión", "Correo", "Contraseña"),
    "pt": ("Entrar", "E-mail", "Senha"),
    "it": ("Accedi", "E-mail", "Password"),
    "nl": ("Inloggen", "E-mail", "Wachtwoord"),
    "pl": ("Zaloguj się", "E-mail", "Hasło"),
}
_ERRORS = {
    "en": ("Page not found", "We are sorry, this page has moved."),
    "de": ("Seite nicht gefunden", "Diese Seite gibt es nicht mehr."),
    "fr": ("Page introuvable", "Désolé, cette page n'existe plus."),
    "es": ("Página no encontrada", "Lo sentimos, esta página no existe."),
    "pt": ("Página não encontrada", "Lamentamos, esta página não existe."),
    "it": ("Pagina non trovata", "Ci dispiace, questa pagina non esiste."),
    "nl": ("Pagina niet gevonden", "Deze pagina bestaat niet meer."),
    "en-404": ("404", "The requested URL was not found on this server."),
}
_CONSENT = {
    "en": ("We value your privacy", "Accept all", "Reject all"),
    "de": ("Ihre Privatsphäre ist uns wichtig", "Alle akzeptieren", "Ablehnen"),
    "fr": ("Votre vie privée compte", "Tout accepter", "Tout refuser"),
    "es": ("Tu privacidad nos importa", "Aceptar todo", "Rechazar"),
}
_CARTS = {
    "en": ("Your shopping cart", "Checkout"),
    "de": ("Warenkorb", "Zur Kasse"),
    "fr": ("Votre panier", "Commander"),
    "es": ("Tu carrito", "Tramitar pedido"),
}
_SEARCHES = {
    "en": "Search results for “bottle”",
    "de": "Suchergebnisse für „Flasche“",
    "fr": "Résultats pour « bouteille »",
    "es": "Resultados de búsqueda: botella",
}


def pages() -> Iterator[OtherPage]:
    """Every page, in a fixed order."""
    yield from _articles()
    yield from _categories()
    yield from _homes()
    yield from _forms()
    yield from _walls()
    yield from _others()


def _page(language: str, title: str, body: str, head: str = "") -> str:
    return (
        f'<!doctype html><html lang="{language[:2]}"><head><meta charset="utf-8">'
        f"<title>{title}</title>{head}</head><body><header><nav><a href='/'>Home</a>"
        '<span class="cart-price">0.00</span></nav></header>'
        f"<main>{body}</main><footer>© 2026</footer></body></html>"
    )


def _linked(data: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def _articles() -> Iterator[OtherPage]:
    for number, (language, (title, section, sentences, _)) in enumerate(_WORDS.items()):
        markup = _linked(
            {
                "@context": "https://schema.org",
                "@type": ("NewsArticle", "Article", "BlogPosting")[number % 3],
                "headline": title,
                "articleSection": section,
            }
        )
        og = '<meta property="og:type" content="article">' if number % 2 else ""
        text = "".join(f"<p>{sentence}</p>" for sentence in sentences)
        offer = (
            f'<aside class="subscribe"><b class="price">1 €</b><button>{section}+</button></aside>'
        )
        body = f"<article><h1>{title}</h1>{text}</article>{offer}"
        yield OtherPage(
            "article", f"/{section.lower()}/{number}", _page(language, title, body, markup + og)
        )
    title, _, sentences, _ = _WORDS["en"]
    text = "".join(f"<p>{sentence}</p>" for sentence in sentences)
    yield OtherPage("blog", "/blog/rivers", _page("en", title, f"<h1>{title}</h1>{text}"))
    boxes = "".join(
        f'<div class="box"><h3>{name}</h3><span class="price">${29 + n}.99</span>'
        f'<a class="btn" href="https://other.example/{n}">Buy now</a></div>'
        for n, name in enumerate(_GOODS["en"][1])
    )
    best = "The 4 best bottles we tested"
    og = '<meta property="og:type" content="article">'
    yield OtherPage("test report", "/best", _page("en", best, f"<h1>{best}</h1>{boxes}", og))
    yield OtherPage("test report", "/best-2", _page("en", best, f"<h1>{best}</h1>{boxes}"))
    review = {
        "@type": "Product",
        "name": "Steel bottle",
        "review": {"@type": "Review", "reviewBody": "It keeps tea warm."},
    }
    reviewed = {"@type": "NewsArticle", "headline": "Steel bottle review", "about": review}
    head = _linked([reviewed, review])
    body = f"<h1>Steel bottle review</h1>{text}<a class='btn' href='//x.example'>Buy now</a>"
    yield OtherPage("review", "/review", _page("en", "Steel bottle review", body, head))


def _cards(language: str, form: int) -> str:
    _, names, sign = _GOODS[language]
    buy = _WORDS[language][3]
    cards = []
    for number, name in enumerate(names * 3):
        price = f"{12 + number},90 {sign}"
        if form == 0:
            cards.append(
                f'<div class="product-tile"><a href="/p/{number}">{name}</a>'
                f'<span class="price">{price}</span><button>{buy}</button></div>'
            )
        elif form == 1:
            cards.append(
                '<li class="item" itemscope itemtype="https://schema.org/Product">'
                f'<a href="/p/{number}" itemprop="url"><b itemprop="name">{name} {number}</b></a>'
                '<span itemprop="offers" itemscope itemtype="https://schema.org/Offer">'
                f'<span itemprop="price" content="{12 + number}.90">{price}</span></span></li>'
            )
        else:
            cards.append(
                f'<article class="c-{number % 2}"><h2><a href="/p/{number}">{name}</a></h2>'
                f'<div class="amount">{price}</div><a class="button" href="#">{buy}</a></article>'
            )
    return f"<ul>{''.join(cards)}</ul>"


def _categories() -> Iterator[OtherPage]:
    for number, language in enumerate(_GOODS):
        title, names, _ = _GOODS[language]
        listed = _linked(
            {
                "@type": "ItemList",
                "itemListElement": [
                    {
                        "@type": "ListItem",
                        "position": place,
                        "item": {
                            "@type": "Product",
                            "name": f"{name} {place}",
                            "offers": {"@type": "Offer", "price": 12.9 + place},
                        },
                    }
                    for place, name in enumerate(names)
                ],
            }
        )
        for form in (number % 3, (number + 1) % 3):
            head = listed if form == 2 else ""
            body = f"<h1>{title}</h1>{_cards(language, form)}"
            yield OtherPage(
                "category",
                f"/{title.lower()}/{form}",
                _page(language, f"{title} | Shop", body, head),
            )
    series = [
        {"@type": "Product", "name": f"Trail Runner {n}", "offers": {"@type": "Offer", "price": n}}
        for n in (90, 95, 97, 98)
    ]
    tiles = "".join(
        f'<div class="tile"><a href="/{n}">Trail Runner {n}</a><b class="price">${n}.00</b></div>'
        for n in (90, 95, 97, 98)
    )
    body = f"<h1>Trail Runner</h1>{tiles}"
    yield OtherPage("category", "/trail-runner", _page("en", "Trail Runner", body, _linked(series)))


def _homes() -> Iterator[OtherPage]:
    for number, language in enumerate(_GOODS):
        title, _, sign = _GOODS[language]
        head = _linked(
            {"@type": ("Organization", "WebSite", "OnlineStore")[number % 3], "name": "S"}
        )
        hero = (
            f'<section class="hero"><h1>{title}</h1><p>50 {sign}</p>'
            '<a class="btn" href="/all">OK</a></section>'
        )
        body = hero + _cards(language, (number + 2) % 3)
        yield OtherPage("home", "/", _page(language, f"{title} - Potter", body, head))
    yield OtherPage(
        "home", "/", _page("en", "Potter & Sons", "<h1>We make things</h1><p>Since 1911.</p>")
    )


def _forms() -> Iterator[OtherPage]:
    for language, (title, mail, password) in _LOGINS.items():
        body = (
            f"<h1>{title}</h1><form><label>{mail}<input type=email></label>"
            f"<label>{password}<input type=password></label><button>{title}</button></form>"
        )
        yield OtherPage("log-in", "/account", _page(language, f"{title} | Potter", body))
    for language, (title, button) in _CARTS.items():
        row = '<tr><td><a href="/p/1">X</a></td><td class="price">12,90 €</td></tr>'
        body = (
            f"<h1>{title}</h1><table>{row}</table><p class='total-price'>12,90 €</p>"
            f"<button>{button}</button>"
        )
        yield OtherPage("cart", "/cart", _page(language, title, body))
    for language, title in _SEARCHES.items():
        body = f"<h1>{title}</h1>{_cards(language, 2)}"
        yield OtherPage("search", "/search?q=x", _page(language, title, body))


def _walls() -> Iterator[OtherPage]:
    for language, (title, sentence) in _ERRORS.items():
        body = f"<h1>{title}</h1><p>{sentence}</p>"
        yield OtherPage("error", "/gone", _page(language, title, body))
    recommended = f"<h1>Oops</h1><h2>You may like</h2>{_cards('en', 0)}"
    yield OtherPage("error", "/gone-2", _page("en", "Page not found - Potter", recommended))
    for language, (title, yes, no) in _CONSENT.items():
        body = f"<h1>{title}</h1><p>…</p><button>{yes}</button><button>{no}</button>"
        yield OtherPage("consent", "/products/mug", _page(language, title, body))
    for number, (title, sentence) in enumerate(
        (
            ("mug.example is for sale", "Buy this domain"),
            ("mug.example - Diese Domain steht zum Verkauf", "Jetzt kaufen"),
            ("The domain mug.example may be for sale", "Buy now"),
            ("mug.example", "This domain is parked free"),
        )
    ):
        body = f"<h1>{title}</h1><p class='price'>$2,495</p><button>{sentence}</button>"
        if number == 3:
            body = f"<h1>{sentence}</h1><ul><li><a href='#'>Mugs</a><li><a href='#'>Cups</a></ul>"
        yield OtherPage("parked domain", "/", _page("en", title, body))


def _others() -> Iterator[OtherPage]:
    plain = {
        "hello": ("Hello", "<h1>Hello</h1>"),
        "server": ("Welcome to nginx!", "<h1>Welcome to nginx!</h1><p>It works.</p>"),
        "contact": ("Contact us", "<h1>Contact us</h1><p>Call us.</p><button>Send</button>"),
        "terms": ("Terms of sale", "<h1>Terms of sale</h1><p>You buy, we sell.</p>"),
        "wiki": ("Water bottle", "<h1>Water bottle</h1><p>A bottle holds water.</p>"),
        "thread": (
            "Which bottle should I buy?",
            "<h1>Which bottle should I buy?</h1><div class=post>The steel one, $30.</div>",
        ),
        "construction": ("Coming soon", "<h1>Coming soon</h1><p>Our shop opens in May.</p>"),
    }
    for kind, (title, body) in plain.items():
        yield OtherPage(kind, f"/{kind}", _page("en", title, body))
    plans = "".join(
        f'<div class="plan"><h3>{name}</h3><p class="price">${price}</p><a href="/{name}">Start</a>'
        "</div>"
        for name, price in (("Free", 0), ("Pro", 12), ("Team", 29), ("Large", 99))
    )
    yield OtherPage("prices", "/pricing", _page("en", "Pricing", f"<h1>Pricing</h1>{plans}"))
    dishes = "".join(f'<li>Dish {n} <span class="price">{n},50 €</span></li>' for n in range(5, 30))
    yield OtherPage(
        "menu", "/karte", _page("de", "Speisekarte", f"<h1>Karte</h1><ol>{dishes}</ol>")
    )
    recipe = _linked({"@type": "Recipe", "name": "Iced tea", "recipeYield": "4"})
    yield OtherPage("recipe", "/tea", _page("en", "Iced tea", "<h1>Iced tea</h1>", recipe))
