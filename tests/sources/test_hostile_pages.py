"""The analyze_product job on pages that hold a parser: a real worker and child process."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.database import make_product, make_user
from tests.running import job_of, until, worker
from tests.workers.isolated_tasks import ANALYSE_HOSTILE, READ_HOSTILE
from workers.engine.errors import Reject
from workers.engine.isolation import open_isolation
from workers.jobs import analyze_product
from workers.sources.web import shop

KIND = "analyze_product"
PAGE = """<title>Lamp</title><script type="application/ld+json">
{"@type": "Product", "name": "Lamp", "offers": {"@type": "Offer", "price": "12.50",
 "priceCurrency": "EUR"}, "review": [{"@type": "Review", "author": "A\\ud800", "datePublished":
 "2026-11-01", "reviewBody": "I love the light of this lamp, it is warm."}]}</script>"""


@pytest.fixture
async def isolated(services):
    async with open_isolation(processes=2, cpu_seconds=2, memory_bytes=512 * 1024**2) as compute:
        yield replace(services, compute=compute)


async def test_a_page_that_holds_its_parser_fails_with_a_sentence_and_once(
    db, isolated, website, monkeypatch
):
    monkeypatch.setattr(shop, "READ_PAGE", READ_HOSTILE)
    product = make_product(db, make_user(db), source_url=website.page("/lamp", PAGE))
    async with worker(db, KIND, analyze_product.handler(isolated)):
        failed = await until(db, product, KIND, "failed")
    assert (failed["error_code"], failed["attempt"]) == ("page_too_complex", 1)
    assert failed["error_message"] == "The page is too complex for us to read."


async def test_a_worker_that_stops_ends_what_computes_and_hands_the_job_back(
    db, services, website, monkeypatch
):
    monkeypatch.setattr(shop, "READ_PAGE", READ_HOSTILE)
    product = make_product(db, make_user(db), source_url=website.page("/lamp", PAGE))
    async with open_isolation(processes=1, cpu_seconds=300, memory_bytes=512 * 1024**2) as compute:
        handler = analyze_product.handler(replace(services, compute=compute))
        async with worker(db, KIND, handler):
            await until(db, product, KIND, "running")
    assert job_of(db, product, KIND)["status"] == "queued"


async def test_an_analysis_beyond_its_bounds_says_so(db, isolated, website, monkeypatch):
    monkeypatch.setattr(analyze_product, "ANALYSE", ANALYSE_HOSTILE)
    product = make_product(db, make_user(db), source_url=website.page("/lamp", PAGE))
    async with worker(db, KIND, analyze_product.handler(isolated)):
        failed = await until(db, product, KIND, "failed")
    assert failed["error_code"] == "analysis_timeout"


async def test_a_child_reads_a_page_as_a_thread_does(isolated, services, website):
    page = await services.fetcher.get(website.page("/lamp", PAGE))
    read = await isolated.compute(shop.READ_PAGE, page, b"key")
    facts, reviews = await services.compute(shop.READ_PAGE, page, b"key")
    assert (read[0], read[1][0].ref) == (facts, reviews[0].ref)
    assert (facts.name, len(reviews)) == ("Lamp", 1)


async def test_a_page_that_blocks_us_is_refused_as_before(isolated, services, website):
    page = await services.fetcher.get(website.page("/wall", "<title>Access denied</title>"))
    with pytest.raises(Reject) as refused:
        await isolated.compute(shop.READ_PAGE, page, b"key")
    assert refused.value.code == "page_blocked"
