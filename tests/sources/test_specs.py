"""Numbers of a page's rows: only known labels, only with the unit that belongs to them."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from workers.insights.inputs import Spec
from workers.sources.web.specs import (
    MAX_SPECS,
    is_auction,
    lines_of,
    read_sides,
    read_specs,
    rows_of,
)


@pytest.mark.parametrize(
    ("label", "value", "spec"),
    [
        ("max. Druck", "120 bar", Spec("pressure", "120", "bar")),
        ("Ruído", "67 dB", Spec("noise", "67", "dB")),
        ("Autonomia", "Até 2h30m", Spec("runtime", "150", "minute")),
        ("Battery life", "up to 12 hours", Spec("runtime", "720", "minute")),
        ("Garantie", "2 Ans", Spec("warranty", "2", "year")),
        ("Garantia", "90 dias", Spec("warranty", "90", "day")),
        ("Peso suportado (kg)", "100", Spec("load", "100", "kg")),
        ("Schlauchlänge", "6 m", Spec("cable", "6", "m")),
        ("Gewicht", "4,7 kg", Spec("weight", "4.7", "kg")),
        ("Number of pieces", "500", Spec("pieces", "500", "")),
        ("Washing Instructions", "Machine washable at 30°C", Spec("wash", "30", "°C")),
        ("Kaitseaste (IP)", "IP20", Spec("water", "IP20", "")),
        ("Batterie/Pile incluse?", "No", Spec("batteries", "0", "")),
        ("Peso suportado por cada lado", "110 kg", Spec("load_side", "110", "kg")),
        ("Kindersicherung", "Ja", Spec("childlock", "1", "")),
        ("Montagem não inclusa.", "", Spec("assembly", "0", "")),
        ("max. Zulauftemperatur", "40 °C", Spec("intake", "40", "°C")),
    ],
)
def test_a_row_is_read_in_several_languages(label, value, spec):
    assert read_specs([(label, value)]) == (spec,)


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("Potência de sucção", "2000 Pascal"),
        ("Standard Delivery", "3.50"),
        ("Type de garantie", "Fabricant"),
        ("Batterie/Pile incluse?", "Sì"),
        ("Download speed", "5 Mbit"),
        ("Level", "120 bar"),
        ("Kindersicherung", "Nein"),
        ("Assembly included", "Yes"),
    ],
)
def test_what_is_no_such_number_is_not_read(label, value):
    assert read_specs([(label, value)]) == ()


def test_the_first_row_of_a_kind_counts_and_there_is_a_limit():
    rows = [("Power", "2 W"), ("Power", "90 W"), *(("Noise", "60 dB"),) * 50]
    assert read_specs(rows)[0] == Spec("power", "2", "W")
    assert len(read_specs(rows)) <= MAX_SPECS


def test_rows_are_those_of_tables_with_two_columns_and_of_definitions():
    html = (
        "<table><tr><th>Noise</th><td>60 dB</td></tr><tr><td>a</td><td>b</td><td>c</td></tr>"
        "</table><dl><dt>Power</dt><dd>2 W</dd></dl>"
    )
    assert rows_of(LexborHTMLParser(html)) == [("Noise", "60 dB"), ("Power", "2 W")]


def test_width_height_and_depth_are_one_size():
    rows = [("Width:", "100 cm"), ("Depth:", "14 cm"), ("Seat height:", "45 cm")]
    assert read_sides(rows) == "100 × 14 cm"
    assert read_sides(rows[:1]) is None
    assert read_sides([("Width", "1 m"), ("Height", "20 cm")]) is None


def test_lines_of_a_description_are_read_and_those_of_links_are_not():
    page = LexborHTMLParser(
        "<div><h2>Bed</h2><br>- Peso suportado por cada lado: 110 kg<br>- Montagem não inclusa.<p>"
        "</p></div><a href='/other'><div>Peso: 9 kg</div></a>"
    )
    kinds = [spec.kind for spec in read_specs(lines_of(page))]
    assert kinds == ["load_side", "assembly"]


@pytest.mark.parametrize(
    ("html", "auction"),
    [
        ("<button>Place Bid</button>", True),
        ("<a role='button'>Jetzt bieten</a>", True),
        ("<input type='submit' value='Bid now'>", True),
        ("<button>Add to cart</button><p>Place a bid elsewhere</p>", False),
        ("<a>Bidet</a>", False),
    ],
)
def test_an_auction_is_told_by_its_button(html, auction):
    assert is_auction(LexborHTMLParser(html)) is auction
