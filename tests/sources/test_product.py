"""Product pages: facts, reviews, and pages that make it hard."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation import no_products, written_products
from tests.evaluation.products import evaluate, other_pages, product_pages, share_refused
from workers.engine.errors import Reject
from workers.insights.evidence import pseudonym
from workers.insights.inputs import Comment, ProductFacts
from workers.sources.web.fetch import Page
from workers.sources.web.product import read_html, read_page

KEY = b"test"
URL = "https://potter.example/products/mug"
PAGES = Path(__file__).parent / "pages"


def read(html, url=URL):
    return read_html(html, url, KEY)


# Makes a page one that sells something. It is dead, so it says nothing about stock.
SELLS = "<button disabled>Add to cart</button>"


def facts(html, url=URL):
    return read(f"{SELLS}{html}", url)[0]


def product(**fields):
    """A page whose markup says this of its product."""
    given_fields = ", ".join(f'"{name}": {value}' for name, value in fields.items())
    markup = f'{{"@context": "https://schema.org", "@type": "Product", {given_fields}}}'
    return f'<title>Mug</title><h1>Mug</h1><script type="application/ld+json">{markup}</script>'


def test_structured_data_gives_all_facts():
    assert facts((PAGES / "shop.html").read_text()) == ProductFacts(
        name="Stoneware mug, blue",
        brand="Potter",
        price=Decimal("24.50"),
        currency="EUR",
        availability="InStock",
        rating=4.5,
        review_count=12,
        sizes=("300 ml",),
        colours=("blue",),
        url=URL,
        description="Holds 300 ml.",
    )


def test_reviews_on_the_page_come_without_their_writers():
    _facts, reviews = read((PAGES / "shop.html").read_text())
    assert reviews == (
        Comment(
            ref=pseudonym(KEY, "review", "Ada\x1fKeeps tea warm."),
            text="Keeps tea warm.",
            kind="review",
            author_ref=pseudonym(KEY, "author", "Ada"),
            rating=4.5,
            created_at=datetime(2026, 11, 1, tzinfo=UTC),
        ),
    )


def test_a_page_without_structured_data_is_read_as_a_person_would():
    seen = asdict(facts((PAGES / "plain.html").read_text()))
    known = {name: value for name, value in seen.items() if value not in {None, (), False}}
    assert known == {
        "name": "Walnut board",
        "price": Decimal("64.00"),
        "currency": "$",
        "availability": "OutOfStock",
        "url": URL,
    }


@pytest.mark.parametrize(
    ("offers", "price", "currency"),
    [
        ('{"price": 12, "priceCurrency": "USD"}', "12", "USD"),
        ('{"price": "1.299,00 €"}', "1299.00", "EUR"),
        ('{"price": "£12.50"}', "12.50", "GBP"),
        ('{"price": 9, "priceCurrency": "pln"}', "9", "PLN"),
        ('{"price": "$5"}', "5", "$"),
        ('[{"price": "0"}, {"price": "7.5", "priceCurrency": "GBP"}]', "7.5", "GBP"),
        ('{"@type": "AggregateOffer", "lowPrice": "3", "highPrice": "9"}', "3", None),
        ('{"priceSpecification": {"price": 4, "priceCurrency": "PLN"}}', "4", "PLN"),
    ],
)
def test_prices_are_found_in_every_form_of_offer(offers, price, currency):
    seen = facts(product(name='"Mug"', offers=offers))
    assert (seen.price, seen.currency) == (Decimal(price), currency)


@pytest.mark.parametrize("offers", ['"no offer"', "[]", '{"price": null}', '{"price": [1]}', "7"])
def test_offers_without_a_price_give_none(offers):
    assert facts(product(name='"Mug"', offers=offers)).price is None


@pytest.mark.parametrize(
    ("stated", "means"),
    [
        ("http://schema.org/InStock", "InStock"),
        ("https://schema.org/LimitedAvailability", "InStock"),
        ("Out of stock", "OutOfStock"),
        ("SoldOut", "OutOfStock"),
        ("PreOrder", "PreOrder"),
        ("ask us", None),
    ],
)
def test_availability_is_put_into_one_vocabulary(stated, means):
    page = product(name='"Mug"', offers=f'{{"availability": "{stated}"}}')
    assert facts(page).availability == means


TWITTER = (
    '<meta name="twitter:label2" content="Availability">'
    '<meta name="twitter:data2" content="In stock">'
)
NOTE = '<p class="stock">Sold out in size S</p>'


@pytest.mark.parametrize(
    ("page", "means"),
    [
        (NOTE, "OutOfStock"),
        (f"{NOTE}<button>Add to cart</button>", "InStock"),
        (f"{NOTE}<button disabled>Add to cart</button>", "OutOfStock"),
        (f'{NOTE}<button class="btn sold-out">Buy now</button>', "OutOfStock"),
        (f'{NOTE}<div style="display: none"><button>Add to cart</button></div>', "OutOfStock"),
        (f'{NOTE}<div class="related"><aside><button>Buy now</button></aside></div>', "OutOfStock"),
        (f"{NOTE}<button>Aggiungi alla lista</button>", "OutOfStock"),
        ('<div hidden><p class="stock">Sold out</p></div>', None),
        ('<input type="submit" value="In den Warenkorb">', "InStock"),
        ('<a class="btn">Ajouter au panier</a>', "InStock"),
        ('<span class="availability">Ausverkauft</span>', "OutOfStock"),
        ('<p class="stock">Brak w magazynie</p>', "OutOfStock"),
        ('<link itemprop="availability" href="https://schema.org/SoldOut">', "OutOfStock"),
        (
            TWITTER,
            "InStock",
        ),
        ("<p>Sold out everywhere else</p>", None),
    ],
)
def test_availability_is_read_off_a_page_that_does_not_state_it(page, means):
    seen = facts(f"<title>Mug</title><h1>Mug</h1>{page}")
    assert seen.availability == means


def test_stated_availability_goes_before_what_the_page_shows():
    page = product(name='"Mug"', offers='{"availability": "OutOfStock"}')
    assert facts(f"{page}<button>Add to cart</button>").availability == "OutOfStock"


def test_a_sale_price_of_the_page_beats_the_regular_one():
    page = (
        '<html prefix="og: https://ogp.me/ns# product: https://ogp.me/ns/product#"><head>'
        '<title>Mug</title><meta property="product:price:amount" content="20">'
        '<meta property="product:sale_price:amount" content="15">'
        '<meta property="product:sale_price:currency" content="EUR"></head></html>'
    )
    assert (facts(page).price, facts(page).currency) == (Decimal(15), "EUR")


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("<title>Mug | Shop</title><h1>Your cart is empty</h1>", "Mug"),
        ("<title>Mug - Shop</title><h1>Details about Mug</h1>", "Mug"),
        ("<title>Caf&eacute; cup</title>", "Café cup"),
        ("<title>Shop</title><h1>Services</h1><h1>Blue mug</h1>", "Blue mug"),
        ("<h1>Only a heading</h1>", "Only a heading"),
    ],
)
def test_the_name_is_that_of_the_product_not_of_the_shop(page, name):
    assert facts(page, "https://potter.example/blue-mug").name == name


def test_a_neighbour_in_the_markup_is_not_the_product():
    neighbour = '{"@type": "Product", "name": "Bowl", "offers": {"price": 9}}'
    main = '{"@type": "Product", "name": "Mug", "offers": {"price": 5}}'
    page = (
        "<title>Mug | Shop</title>"
        f'<script type="application/ld+json">[{neighbour}, {main}]</script>'
    )
    assert (facts(page).name, facts(page).price) == ("Mug", Decimal(5))


@pytest.mark.parametrize("page", ["", "<html></html>", "plain words", "<title> </title>"])
def test_a_page_without_a_name_has_no_product(page):
    assert read(page, "https://potter.example/") == (None, ())


@pytest.mark.parametrize(
    "title", ["Just a moment...", "Robot Check", "Access Denied", "Pardon Our Interruption"]
)
def test_a_page_that_asks_for_a_human_is_no_product(title):
    with pytest.raises(Reject) as caught:
        read(f"<title>{title}</title><h1>Enter the characters you see below</h1>")
    assert caught.value.code == "page_blocked"


def test_a_product_may_be_called_like_a_block_page():
    assert facts(product(name='"Mug"').replace("<title>Mug", "<title>Captcha Mug")).name == "Mug"


def test_broken_markup_does_not_hide_the_rest():
    page = '<title>Mug</title><script type="application/ld+json">{"@type": </script>'
    assert facts(page).name == "Mug"


@pytest.mark.parametrize(
    ("charset", "content"),
    [
        ("iso-8859-1", "<title>Café cup</title>".encode("latin-1")),
        (None, "<meta charset=windows-1251><title>Café</title>".encode()),
        (None, b"\xef\xbb\xbf" + "<title>Café cup</title>".encode()),
    ],
)
def test_pages_are_decoded_as_they_say(charset, content):
    assert read_page(Page(URL, content + SELLS.encode(), charset), KEY)[0] is not None


@given(st.text(alphabet="<>/!-=\"'{}[]@:, abcPrice0123script", max_size=300))
def test_no_page_breaks_the_reader(soup):
    page = f'<title>Mug</title><script type="application/ld+json">{soup}</script>{soup}'
    assert isinstance(facts(page), ProductFacts)


@pytest.mark.parametrize(
    "tag", ["<div class=price>1", "<h1>x<div>", "<div itemscope>", "<b/>", "<div></b></x>"]
)
def test_a_page_nested_without_end_is_refused_at_once(tag):
    with pytest.raises(Reject) as caught:
        read("<title>Mug</title>" + tag * 100_000)
    assert caught.value.code == "page_not_readable"


@pytest.mark.parametrize(
    "part",
    [
        "<b class=price>1 $</b>",
        "<p class=stock>soon",
        "<i itemprop=name>x</i>",
        '<meta property="og:title" content="x">',
        '<script type="application/ld+json">{</script>',
    ],
)
def test_a_page_of_one_part_thousands_of_times_is_read(part):
    assert facts("<title>Mug</title><div itemscope>" + part * 30_000).name is not None


def test_one_broken_script_does_not_hide_the_others():
    broken = '<script type="application/ld+json">{"@type": "Product", </script>'
    assert facts(product(name='"Mug"', brand='"Potter"') + broken).brand == "Potter"


def test_scripts_with_comments_and_trailing_commas_are_read():
    script = '<!-- {"@type": "Product", "name": "Mug", "brand": "Potter",}; -->'
    page = f'<title>Mug</title><script type="application/ld+json">{script}</script>'
    assert facts(page).brand == "Potter"


@pytest.mark.parametrize(
    "charset", ["zlib", "hex", "punycode", "idna", "unicode_escape", "nonsense"]
)
def test_an_encoding_that_is_none_of_texts_is_read_as_utf8(charset):
    named_twice = Page(
        URL, f"<meta charset={charset}><title>M\u00fcg</title>{SELLS}".encode(), charset
    )
    assert read_page(named_twice, KEY)[0].name == "M\u00fcg"
    named_once = Page(URL, f"<meta charset={charset}><title>M\u00fcg</title>{SELLS}".encode(), None)
    assert read_page(named_once, KEY)[0].name == "M\u00fcg"


@pytest.mark.parametrize(
    "wrapped",
    [
        "<!-- {} -->",
        "//<![CDATA[\n{}\n//]]>",
        "/*<![CDATA[*/ {} /*]]>*/",
        "{};",
        "  {} ; ",
        "/* data */{}",
    ],
)
def test_data_is_read_out_of_the_comments_around_it(wrapped):
    data = wrapped.replace("{}", '{"@type": "Product", "name": "Mug", "brand": "Potter",}')
    page = f'<h1>Mug</h1><script type="application/ld+json">{data}</script>'
    assert facts(page).brand == "Potter"


def test_microdata_is_read_with_what_is_nested_in_it():
    page = """
        <title>Mug</title>
        <div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Mug</h1>
          <a itemprop="brand" itemscope itemtype="https://schema.org/Brand">
            <span itemprop="name">Potter</span></a>
          <div itemprop="offers" itemscope itemtype="https://schema.org/Offer">
            <span itemprop="price" content="24.5">24,50</span>
            <meta itemprop="priceCurrency" content="EUR">
            <link itemprop="availability" href="https://schema.org/OutOfStock"></div>
          <div itemprop="isRelatedTo" itemscope itemtype="https://schema.org/Product">
            <b itemprop="name">Bowl</b></div>
        </div>"""
    seen = facts(page)
    assert (seen.name, seen.brand, seen.price, seen.currency, seen.availability) == (
        "Mug",
        "Potter",
        Decimal("24.5"),
        "EUR",
        "OutOfStock",
    )


@pytest.mark.parametrize(
    "page", list(no_products.pages()), ids=lambda page: f"{page.kind} {page.url}"
)
def test_a_page_that_is_about_something_else_has_no_product(page):
    assert read(page.html, f"https://potter.example{page.url}") == (None, ())


@pytest.mark.parametrize(
    "page", list(written_products.pages()), ids=lambda page: f"{page.kind} {page.url}"
)
def test_a_product_that_looks_like_something_else_is_one(page):
    assert read(page.html, f"https://potter.example{page.url}")[0] is not None


@pytest.mark.parametrize(
    "title", ["Captcha", "reCAPTCHA - shop.example", "Please complete the captcha", "Captcha check"]
)
def test_a_captcha_blocks_the_page(title):
    with pytest.raises(Reject) as refused:
        read(f"<title>{title}</title><h1>{title}</h1><button>Continue</button>")
    assert refused.value.code == "page_blocked"


@pytest.mark.parametrize(
    "sells",
    [
        '<p class="price">€ 12.90</p>',
        "<button>Add to cart</button>",
        "<button disabled>In den Warenkorb</button>",
        '<p class="stock">Sold out</p>',
        '<script type="application/ld+json">{"@type": "Product", "name": "Mug"}</script>',
        '<meta property="og:type" content="product"><meta property="og:price" content="9">',
    ],
)
def test_markup_a_price_a_button_or_a_note_about_stock_make_a_product(sells):
    assert read(f"<title>Mug</title><h1>Mug</h1>{sells}")[0].name == "Mug"
    assert read("<title>Mug</title><h1>Mug</h1><p>A mug holds tea.</p>")[0] is None


def test_questions_below_a_product_do_not_make_it_something_else():
    questions = '<script type="application/ld+json">{"@type": "FAQPage"}</script>'
    assert read(product(name='"Mug"', offers='{"price": 9}') + questions)[0].name == "Mug"
    assert read(f"<title>Mug</title><h1>Mug</h1>{questions}<p class=price>9 €</p>")[0] is None


def test_an_articles_product_needs_a_button_of_its_own():
    article = '<script type="application/ld+json">{"@type": "NewsArticle"}</script>'
    page = product(name='"Mug"', offers='{"price": 9}') + article
    assert read(page)[0] is None
    assert read(f'{page}<a class="btn" href="//shop.example">Buy now</a>')[0] is None
    assert read(f"{page}<button>Buy now</button>")[0].name == "Mug"


def test_the_page_of_a_product_may_end_with_a_list_of_others():
    tiles = "".join(
        f'<li class="x"><a href="/{n}">Bowl</a><b class="price">${n}.00</b></li>' for n in range(9)
    )
    page = f"<title>Mug</title><h1>Mug</h1><ul>{tiles}</ul>"
    assert read(page)[0] is None
    main = '<div class="x"><p class="price">$12.00</p><button>Add to cart</button></div>'
    assert read(page.replace("<ul>", f"{main}<ul>"))[0].name == "Mug"


@pytest.mark.data
def test_few_real_pages_of_products_are_refused_and_few_others_are_not(data):
    others, products = [*other_pages()], [*product_pages(data / "product_pages")]
    assert min(len(others), len(products)) >= 60
    assert share_refused(others)[0] >= 0.95
    assert share_refused(products)[0] <= 0.02


@pytest.mark.data
def test_real_pages_are_read_better_than_by_structured_data_alone(data):
    result = evaluate(data / "product_pages")
    assert result.ours.price_f1 >= 0.88
    assert result.ours.availability_f1 >= 0.90
    assert result.ours.name_share >= 0.98
    assert result.ours.price_f1 > result.structured_data_alone.price_f1
