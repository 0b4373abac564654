"""Pages that are about no product, as sites of many kinds and languages write them.

They are made here from templates: an article with its markup, a category with many prices, a home
page, a log-in, an error, a cookie wall, a parked domain, a cart, a search, a small category, a list
of prices, a donation, an order that was placed, and what else people paste. Each has a path,
because a reader also takes words from the URL.
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
    yield from _small_categories()
    yield from _price_lists()
    yield from _donations()
    yield from _orders()


def page(language: str, title: str, body: str, head: str = "") -> str:
    return (
        f'<!doctype html><html lang="{language[:2]}"><head><meta charset="utf-8">'
        f"<title>{title}</title>{head}</head><body><header><nav><a href='/'>Home</a>"
        '<span class="cart-price">0.00</span></nav></header>'
        f"<main>{body}</main><footer>© 2026</footer></body></html>"
    )


def linked(data: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def _articles() -> Iterator[OtherPage]:
    for number, (language, (title, section, sentences, _)) in enumerate(_WORDS.items()):
        markup = linked(
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
            "article", f"/{section.lower()}/{number}", page(language, title, body, markup + og)
        )
    title, _, sentences, _ = _WORDS["en"]
    text = "".join(f"<p>{sentence}</p>" for sentence in sentences)
    yield OtherPage("blog", "/blog/rivers", page("en", title, f"<h1>{title}</h1>{text}"))
    boxes = "".join(
        f'<div class="box"><h3>{name}</h3><span class="price">${29 + n}.99</span>'
        f'<a class="btn" href="https://other.example/{n}">Buy now</a></div>'
        for n, name in enumerate(_GOODS["en"][1])
    )
    best = "The 4 best bottles we tested"
    og = '<meta property="og:type" content="article">'
    yield OtherPage("test report", "/best", page("en", best, f"<h1>{best}</h1>{boxes}", og))
    yield OtherPage("test report", "/best-2", page("en", best, f"<h1>{best}</h1>{boxes}"))
    review = {
        "@type": "Product",
        "name": "Steel bottle",
        "review": {"@type": "Review", "reviewBody": "It keeps tea warm."},
    }
    reviewed = {"@type": "NewsArticle", "headline": "Steel bottle review", "about": review}
    head = linked([reviewed, review])
    body = f"<h1>Steel bottle review</h1>{text}<a class='btn' href='//x.example'>Buy now</a>"
    yield OtherPage("review", "/review", page("en", "Steel bottle review", body, head))


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
        listed = linked(
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
                page(language, f"{title} | Shop", body, head),
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
    yield OtherPage("category", "/trail-runner", page("en", "Trail Runner", body, linked(series)))


def _homes() -> Iterator[OtherPage]:
    for number, language in enumerate(_GOODS):
        title, _, sign = _GOODS[language]
        head = linked(
            {"@type": ("Organization", "WebSite", "OnlineStore")[number % 3], "name": "S"}
        )
        hero = (
            f'<section class="hero"><h1>{title}</h1><p>50 {sign}</p>'
            '<a class="btn" href="/all">OK</a></section>'
        )
        body = hero + _cards(language, (number + 2) % 3)
        yield OtherPage("home", "/", page(language, f"{title} - Potter", body, head))
    yield OtherPage(
        "home", "/", page("en", "Potter & Sons", "<h1>We make things</h1><p>Since 1911.</p>")
    )


def _forms() -> Iterator[OtherPage]:
    for language, (title, mail, password) in _LOGINS.items():
        body = (
            f"<h1>{title}</h1><form><label>{mail}<input type=email></label>"
            f"<label>{password}<input type=password></label><button>{title}</button></form>"
        )
        yield OtherPage("log-in", "/account", page(language, f"{title} | Potter", body))
    for language, (title, button) in _CARTS.items():
        row = '<tr><td><a href="/p/1">X</a></td><td class="price">12,90 €</td></tr>'
        body = (
            f"<h1>{title}</h1><table>{row}</table><p class='total-price'>12,90 €</p>"
            f"<button>{button}</button>"
        )
        yield OtherPage("cart", "/cart", page(language, title, body))
    for language, title in _SEARCHES.items():
        body = f"<h1>{title}</h1>{_cards(language, 2)}"
        yield OtherPage("search", "/search?q=x", page(language, title, body))


def _walls() -> Iterator[OtherPage]:
    for language, (title, sentence) in _ERRORS.items():
        body = f"<h1>{title}</h1><p>{sentence}</p>"
        yield OtherPage("error", "/gone", page(language, title, body))
    recommended = f"<h1>Oops</h1><h2>You may like</h2>{_cards('en', 0)}"
    yield OtherPage("error", "/gone-2", page("en", "Page not found - Potter", recommended))
    for language, (title, yes, no) in _CONSENT.items():
        body = f"<h1>{title}</h1><p>…</p><button>{yes}</button><button>{no}</button>"
        yield OtherPage("consent", "/products/mug", page(language, title, body))
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
        yield OtherPage("parked domain", "/", page("en", title, body))


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
        yield OtherPage(kind, f"/{kind}", page("en", title, body))
    plans = "".join(
        f'<div class="plan"><h3>{name}</h3><p class="price">${price}</p><a href="/{name}">Start</a>'
        "</div>"
        for name, price in (("Free", 0), ("Pro", 12), ("Team", 29), ("Large", 99))
    )
    yield OtherPage("prices", "/pricing", page("en", "Pricing", f"<h1>Pricing</h1>{plans}"))
    dishes = "".join(f'<li>Dish {n} <span class="price">{n},50 €</span></li>' for n in range(5, 30))
    yield OtherPage("menu", "/karte", page("de", "Speisekarte", f"<h1>Karte</h1><ol>{dishes}</ol>"))
    recipe = linked({"@type": "Recipe", "name": "Iced tea", "recipeYield": "4"})
    yield OtherPage("recipe", "/tea", page("en", "Iced tea", "<h1>Iced tea</h1>", recipe))


# Language → title, the headings of a price list, "a month", "choose", two plans.
_PLANS = {
    "en": ("Pricing", "Choose your plan", "/ month", "Get started", ("Starter", "Team")),
    "en-2": ("Plans & pricing", "Simple pricing", "per user", "Start free trial", ("Pro", "Max")),
    "de": ("Preise und Tarife", "Unsere Tarife", "pro Monat", "Testen", ("Basis", "Profi")),
    "fr": ("Tarifs", "Choisissez votre formule", "par mois", "Essayer", ("Solo", "Équipe")),
    "es": ("Precios y planes", "Elige tu plan", "al mes", "Empezar", ("Básico", "Equipo")),
    "pt": ("Planos e preços", "Escolha seu plano", "por mês", "Começar", ("Básico", "Equipe")),
}
_GIFTS = {
    "en": ("Donate", "Make a donation", "Donate now", "$"),
    "en-2": ("Support our work", "Support us", "Give monthly", "£"),
    "de": ("Jetzt spenden", "Ihre Spende hilft", "Jetzt spenden", "€"),
    "fr": ("Faire un don", "Faites un don", "Je donne", "€"),
    "es": ("Haz una donación", "Donar", "Donar", "€"),
    "pt": ("Doar", "Faça uma doação", "Doar", "R$"),
}
_PLACED = {
    "en": ("Order confirmation", "Thank you for your order!", "Order number: 4711", "Total"),
    "en-2": ("Potter", "Thank you!", "Your order #1001 is confirmed", "Total"),
    "en-3": ("Order #1001 - Potter", "Order #1001", "It arrives on Monday.", "Total"),
    "de": ("Bestellbestätigung", "Vielen Dank für Ihre Bestellung", "Nummer 4711", "Summe"),
    "fr": ("Confirmation de commande", "Merci pour votre commande", "N° 4711", "Total"),
    "es": ("Pedido confirmado", "Gracias por tu compra", "Pedido 4711", "Total"),
    "pt": ("Pedido realizado", "Obrigado pela sua compra", "Pedido 4711", "Total"),
}


def _small_categories() -> Iterator[OtherPage]:
    """One or two products, as a new shop has."""
    for number, language in enumerate(_GOODS):
        title, names, sign = _GOODS[language]
        buy = _WORDS[language][3]
        for n, form in ((1, "heading"), (2, "heading"), (2, "link"), (2, "image")):
            tiles = []
            for place, name in enumerate(names[:n]):
                path, price = f"/p/{number}-{place}", f"{12 + place},90 {sign}"
                shown = {
                    "heading": f'<h3><a href="{path}">{name}</a></h3>',
                    "link": f'<a href="{path}">{name}</a>',
                    "image": f'<a href="{path}"><img src="/{place}.jpg"></a><b>{name}</b>',
                }[form]
                tiles.append(
                    f'<div class="item">{shown}<p class="price">{price}</p>'
                    f"<button>{buy}</button></div>"
                )
            body = f"<h1>{title}</h1><section>{''.join(tiles)}</section>"
            url = f"/small/{language}/{form}/{n}"
            yield OtherPage("small category", url, page(language, f"{title} | Shop", body))
    for n in (1, 2):
        entries = [
            {"@type": "ListItem", "position": place, "item": {"@type": "Product", "name": name}}
            for place, name in enumerate(["Trail Runner 90", "Trail Runner 95"][:n])
        ]
        for entry in entries:
            entry["item"] |= {"offers": {"@type": "Offer", "price": "90", "priceCurrency": "EUR"}}  # type: ignore[operator]
        head = linked({"@type": "ItemList", "itemListElement": entries})
        shown = '<h2><a href="/r">Trail Runner 90</a></h2><b class="price">€90</b>'
        tile = f'<div class="tile">{shown}</div>'
        body = f"<h1>Trail Runner</h1>{tile * n}"
        yield OtherPage("small category", f"/listed/{n}", page("en", "Trail Runner", body, head))


def _price_lists() -> Iterator[OtherPage]:
    for language, (title, heading, period, button, plans) in _PLANS.items():
        blocks = "".join(
            f'<div class="plan"><h3>{plan}</h3><p><span class="price">${price}</span> {period}</p>'
            f"<button>{button}</button></div>"
            for plan, price in zip(plans, (9, 29), strict=True)
        )
        body = f"<h1>{heading}</h1>{blocks}"
        yield OtherPage("price list", f"/{language}/pricing", page(language, title, body))
        body = f"<h1>Ledger</h1><h2>Books that balance</h2>{blocks}"
        yield OtherPage("price list", f"/{language}/ledger", page(language, "Ledger", body))
        head = linked(
            {
                "@type": "Product",
                "name": "Ledger",
                "offers": {"@type": "AggregateOffer", "lowPrice": 9, "priceCurrency": "USD"},
            }
        )
        body = f"<h1>{heading}</h1>{blocks}"
        yield OtherPage("price list", f"/{language}/plans", page(language, title, body, head))


def _donations() -> Iterator[OtherPage]:
    for language, (title, heading, button, sign) in _GIFTS.items():
        amounts = "".join(
            f'<label class="amount"><input type=radio name=a value={n}>{sign}{n}</label>'
            for n in (10, 25, 50)
        )
        body = f"<h1>{heading}</h1><form>{amounts}<button>{button}</button></form>"
        yield OtherPage("donation", f"/{language}/donate", page(language, title, body))
        body = f"<h1>Every river needs a friend</h1><form>{amounts}<button>{button}</button></form>"
        yield OtherPage("donation", f"/{language}/rivers", page(language, "River friends", body))


def _orders() -> Iterator[OtherPage]:
    for language, (title, heading, note, total) in _PLACED.items():
        rows = (
            '<tr><td>Steel bottle</td><td class="price">12,90 €</td></tr>'
            f'<tr><td>{total}</td><td class="price order-sum">17,80 €</td></tr>'
        )
        body = f"<h1>{heading}</h1><p>{note}</p><table>{rows}</table>"
        yield OtherPage("order", f"/{language}/orders/4711", page(language, title, body))
    order = {
        "@type": "Order",
        "orderNumber": "4711",
        "acceptedOffer": {
            "@type": "Offer",
            "price": "12.90",
            "priceCurrency": "EUR",
            "itemOffered": {"@type": "Product", "name": "Steel bottle"},
        },
    }
    body = '<h1>Steel bottle</h1><p class="price">12,90 €</p>'
    yield OtherPage("order", "/orders/last", page("en", "Steel bottle", body, linked(order)))
