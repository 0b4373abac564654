"""How well product pages are read, measured on real pages with known facts.

The measure is that of the benchmark the pages come from (scrapinghub/product-extraction-benchmark):
amounts must be equal, availability is in stock unless the page says otherwise, and a wrong value
counts twice, as a false one and as a missing one. The baseline is structured data alone.

Pages that are about no product must be refused, and real product pages must not be. An answer that
is always the same fails one of both.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import extruct

from tests.evaluation import no_products, written_products
from tests.evaluation.thresholds import Finding
from workers.engine.errors import Reject
from workers.sources.web.availability import stated_availability
from workers.sources.web.markup import Markup, has_type
from workers.sources.web.price import stated_price
from workers.sources.web.product import read_html

# Of schema.org's words, those for which nothing can be ordered.
_NOT_FOR_SALE = frozenset({"OutOfStock", "Discontinued"})


@dataclass(frozen=True)
class Case:
    """One page: what is true (several values may be) and what was read from it."""

    page_id: str
    prices: frozenset[Decimal]
    availabilities: frozenset[str]
    name: str | None
    price: Decimal | None
    availability: str


@dataclass(frozen=True)
class Score:
    """Of one way to read the pages."""

    pages: int
    price_f1: float
    availability_f1: float
    name_share: float


@dataclass(frozen=True)
class Evaluation:
    """Ours beside structured data alone."""

    ours: Score
    structured_data_alone: Score


Read = Callable[[str, str], tuple[str | None, Decimal | None, str | None]]


def evaluate(folder: Path) -> Evaluation:
    """Reads every page of `folder`: `ground-truth.json` and `html/*.html.gz`."""
    return Evaluation(
        ours=score(cases(folder, _ours)),
        structured_data_alone=score(cases(folder, _structured_data_alone)),
    )


def cases(folder: Path, read: Read | None = None) -> Iterator[Case]:
    """Each page of the folder, read by `read` (ours unless another is given)."""
    truth = json.loads((folder / "ground-truth.json").read_text("utf-8"))
    for page_id, facts in sorted(truth.items()):
        with gzip.open(folder / "html" / f"{page_id}.html.gz", "rt", encoding="utf-8") as file:
            name, price, availability = (read or _ours)(file.read(), facts["url"][0:2000])
        yield Case(
            page_id=page_id,
            prices=frozenset(Decimal(value.strip()) for value in facts.get("price", [])),
            availabilities=frozenset(facts["availability"]),
            name=name,
            price=price,
            availability="OutOfStock" if availability in _NOT_FOR_SALE else "InStock",
        )


def score(all_cases: Iterable[Case]) -> Score:
    """F1 over pages; the name counts as soon as there is one."""
    every = list(all_cases)
    return Score(
        pages=len(every),
        price_f1=_f1((case.prices, case.price) for case in every),
        availability_f1=_f1((case.availabilities, case.availability) for case in every),
        name_share=sum(case.name is not None for case in every) / max(len(every), 1),
    )


def _f1(pairs: Iterable[tuple[frozenset[Decimal] | frozenset[str], Decimal | str | None]]) -> float:
    hits = false = missing = 0
    for true, given in pairs:
        hit = given in true
        hits += hit
        false += given is not None and not hit
        missing += bool(true) and not hit
    return 2 * hits / max(2 * hits + false + missing, 1)


def _ours(html: str, url: str) -> tuple[str | None, Decimal | None, str | None]:
    facts, _reviews = read_html(html, url, b"evaluation")
    return (facts.name, facts.price, facts.availability) if facts else (None, None, None)


def _structured_data_alone(html: str, _url: str) -> tuple[str | None, Decimal | None, str | None]:
    """What extruct finds, its first product taken as it is."""
    data = extruct.extract(
        html, uniform=True, syntaxes=["json-ld", "microdata", "opengraph"], errors="log"
    )
    nodes = [*data.get("json-ld", []), *data.get("microdata", [])]
    products = [node for node in nodes if has_type(node, "Product")]
    page = {key: str(value) for node in data.get("opengraph", []) for key, value in node.items()}
    markup = Markup(tuple(products[:1]), (), page)
    money = stated_price(markup)
    name = next((str(node["name"]) for node in products[:1] if node.get("name")), None)
    return name, money.amount if money else None, stated_availability(markup)


def share_refused(pages: Iterable[tuple[str, str]]) -> tuple[float, int]:
    """The share of pages that are refused as no product, and the number of pages."""
    answers = [_is_refused(html, url) for html, url in pages]
    return sum(answers) / max(len(answers), 1), len(answers)


def _is_refused(html: str, url: str) -> bool:
    try:
        return read_html(html, url, b"evaluation")[0] is None
    except Reject:
        return True


def other_pages() -> Iterator[tuple[str, str]]:
    """Pages that are about no product."""
    for page in no_products.pages():
        yield page.html, f"https://potter.example{page.url}"


def hard_product_pages() -> Iterator[tuple[str, str]]:
    """Written pages of products that look like something else."""
    for page in written_products.pages():
        yield page.html, f"https://potter.example{page.url}"


def product_pages(folder: Path) -> Iterator[tuple[str, str]]:
    """The real product pages of `folder`."""
    truth = json.loads((folder / "ground-truth.json").read_text("utf-8"))
    for page_id, facts in sorted(truth.items()):
        with gzip.open(folder / "html" / f"{page_id}.html.gz", "rt", encoding="utf-8") as file:
            yield file.read(), facts["url"]


def judge(folder: Path) -> list[Finding]:
    found = evaluate(folder)
    others, n_others = share_refused(other_pages())
    products, n_products = share_refused(product_pages(folder))
    hard, n_hard = share_refused(hard_product_pages())
    ours, plain = found.ours, found.structured_data_alone
    return [
        Finding("price_f1", ours.price_f1, ours.pages, f"extruct alone {plain.price_f1:.3f}"),
        Finding(
            "availability_f1",
            ours.availability_f1,
            ours.pages,
            f"extruct alone {plain.availability_f1:.3f}",
        ),
        Finding("name_share", ours.name_share, ours.pages, f"extruct alone {plain.name_share:.3f}"),
        Finding(
            "other_pages_refused", others, n_others, "always accepting 0.000, always refusing 1.000"
        ),
        Finding(
            "products_refused",
            products,
            n_products,
            "always accepting 0.000, always refusing 1.000",
        ),
        Finding(
            "hard_products_refused",
            hard,
            n_hard,
            "always accepting 0.000, always refusing 1.000",
        ),
    ]
