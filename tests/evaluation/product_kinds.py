"""How often the kind of a product is right, told by its name and its categories.

`product_kinds.csv` has names and categories written for this project in 26 languages, with the kind
by our own reading. The rule and its prototypes were fitted on it. `product_kinds_by_another.csv`
has such names by another hand. What a kind must reach was chosen on every second of its rows; the
others judge. `page_kinds.csv` has the kinds of the real pages.

A sheet names things more finely than kinds with a test: "washing_machine" counts as no kind until
there is one.
"""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.evaluation import data, products
from tests.evaluation.thresholds import Finding
from workers.engine.errors import Reject
from workers.insights.inputs import ProductFacts
from workers.insights.pack.kinds import KINDS, known_kind
from workers.insights.pack.meaning import kind_of_product
from workers.insights.sentiment.embedding import Vectors
from workers.sources.web.product import read_html

FITTED = Path(__file__).with_name("product_kinds.csv")
BY_ANOTHER = Path(__file__).with_name("product_kinds_by_another.csv")
PAGES = Path(__file__).with_name("page_kinds.csv")
THRESHOLDS = ("kinds_precision", "kinds_coverage", "page_kinds_wrong")
LONGEST_NAME = 100  # characters of a page's name in the sheet


@dataclass(frozen=True)
class Product:
    """`kinds` are all that are right; none where no kind fits."""

    name: str
    categories: tuple[str, ...]
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Score:
    """How many answers were right and wrong."""

    right: int
    wrong: int
    with_kind: int  # of the sheet's products

    @property
    def precision(self) -> float:
        return self.right / max(self.right + self.wrong, 1)

    @property
    def coverage(self) -> float:
        return self.right / max(self.with_kind, 1)

    @property
    def told(self) -> str:
        return f"{self.precision:.3f}, coverage {self.coverage:.2f}"


def sheet(path: Path = FITTED) -> list[Product]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Product(
                row["name"],
                tuple(filter(None, map(str.strip, row["categories"].split(">")))),
                _kinds(row["kind"]),
            )
            for row in csv.DictReader(file)
        ]


def _page_sheet() -> dict[str, frozenset[str]]:
    with PAGES.open(encoding="utf-8", newline="") as file:
        return {row["name"]: _kinds(row["kind"]) for row in csv.DictReader(file)}


def _kinds(stated: str) -> frozenset[str]:
    """Those with a test."""
    return frozenset(stated.split("|")) & KINDS


def score(given: Sequence[Product], tell: Callable[[Product], str | None]) -> Score:
    counts = Counter(kind in product.kinds for product in given if (kind := tell(product)))
    with_kind = sum(bool(product.kinds) for product in given)
    return Score(counts[True], counts[False], with_kind)


@cache
def by_all(product: Product) -> str | None:
    """As packs tell it."""
    return kind_of_product([product.name], product.categories, Vectors())


def by_words(product: Product) -> str | None:
    """By the words of the name alone."""
    return known_kind(product.name)


def judge(folder: Path) -> list[Finding]:
    """What was written, and the real pages."""
    return [*judge_sheet(), *judge_pages(folder)]


def judge_sheet() -> list[Finding]:
    """Unseen names, beside the name's words alone, the same kind for all, and shuffled ones."""
    unseen = sheet(BY_ANOTHER)[1::2]
    ours, words = score(unseen, by_all), score(unseen, by_words)
    usual = Counter(kind for product in unseen for kind in product.kinds).most_common(1)[0][0]
    always = score(unseen, lambda _: usual)
    answers = [by_all(product) for product in unseen]
    random.Random(0).shuffle(answers)
    dealt = iter(answers)
    shuffled = score(unseen, lambda _: next(dealt))
    beside = (
        f"{ours.wrong} of {ours.right + ours.wrong} wrong; words of the name alone {words.told};"
        f" always {usual} {always.told}; shuffled {shuffled.told}"
    )
    return [
        Finding("kinds_precision", ours.precision, len(unseen), beside),
        Finding(
            "kinds_coverage", ours.coverage, ours.with_kind, f"words alone {words.coverage:.2f}"
        ),
    ]


def judge_pages(folder: Path) -> list[Finding]:
    """How many of the pages' kinds are wrong."""
    found = list(pages(folder))
    ours, words = score(found, by_all), score(found, by_words)
    beside = (
        f"{ours.right} of {ours.with_kind} right;"
        f" words of the name alone {words.right} right, {words.wrong} wrong"
    )
    return [Finding("page_kinds_wrong", ours.wrong, len(found), beside)]


def pages(folder: Path) -> Iterator[Product]:
    """The real pages with a price that the sheet knows."""
    known = _page_sheet()
    for html, url in products.product_pages(folder / data.PRODUCT_PAGES):
        product = _read(html, url)
        if product is not None and product.name[:LONGEST_NAME] in known:
            yield Product(product.name, product.categories, known[product.name[:LONGEST_NAME]])


def _read(html: str, url: str) -> ProductFacts | None:
    try:
        return read_html(html, url, b"evaluation")[0]
    except Reject:
        return None


if __name__ == "__main__":
    import sys

    fitted = sheet()
    lines = [f"fitted on: {score(fitted, by_all).told}, words {score(fitted, by_words).told}"]
    lines += [f"{each.threshold} {each.value} {each.beside}" for each in judge_sheet()]
    shown = [*fitted, *([*pages(Path(sys.argv[1]))] if len(sys.argv) > 1 else [])]
    if len(sys.argv) > 1:
        lines += [f"{each.value} {each.beside}" for each in judge_pages(Path(sys.argv[1]))]
    for product in shown:
        kind = by_all(product)
        if (kind is None) != (not product.kinds) or (kind and kind not in product.kinds):
            lines.append(f"{kind or '-'} {'|'.join(product.kinds) or '-'} {product.name[:60]}")
    sys.stdout.write("\n".join(lines) + "\n")
