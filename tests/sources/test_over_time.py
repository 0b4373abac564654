"""A watched TikTok video over three weeks: a real worker, a fake Apify, a moving clock.

It prints what its owner sees: pytest -s shows it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from local.demo.history_view import render
from tests.database import Database, Row, make_product, make_user
from tests.fakes.apify import Outcome
from tests.history import pass_days
from tests.rows import make_subscription
from tests.running import until, worker
from tests.world import NOW
from workers.insights.documents import PackConfiguration
from workers.jobs import analyze_product
from workers.sources.tiktok.posts import COMMENTS_ACTOR, VIDEOS_ACTOR

KIND = "analyze_product"
HANDLE = "https://www.tiktok.com/@mug_lover/video"
WHO = ["Mum", "My sister", "My brother", "A friend", "My boss", "Grandma", "Dad", "My roommate"]
GOOD = [
    "loves this mug",
    "adores the colour of it",
    "thinks it is beautiful",
    "is so happy with it",
    "says it is perfect",
    "calls it the best gift ever",
]
BAD = [
    "is angry because it broke after two days",
    "says it broke at once",
    "hates that it broke in the sink",
    "is sad because it broke on day one",
    "complains that it broke and fell apart",
]


def post(number: int, views: int, day: str) -> dict[str, Any]:
    return {
        "id": str(number),
        "text": "My mug #mugs",
        "createTimeISO": f"2026-{day}T10:00:00.000Z",
        "webVideoUrl": f"{HANDLE}/{number}",
        "playCount": views,
        "commentCount": 50,
        "authorMeta": {"name": "mug_lover", "fans": 2000},
    }


def posts(views: int) -> Outcome:
    """The video asked about, and twelve older ones of its creator with 900 to 1,120 views."""
    older = [post(200 + n, 900 + 20 * n, f"10-{10 + n}") for n in range(12)]
    return Outcome([post(100, views, "11-01"), *older])


def comments(good: list[str], bad: list[str]) -> Outcome:
    texts = [f"{who} {what}" for what in (*good, *bad) for who in WHO]
    return Outcome([{"cid": str(n), "text": text} for n, text in enumerate(texts)])


@pytest.fixture
def clock(connected: Any) -> tuple[Any, list[datetime]]:
    """Services whose time is the last of the list."""
    times = [NOW]
    return replace(connected, now=lambda: times[-1]), times


async def test_a_watched_video_analysed_three_times(db: Database, clock: Any, apify: Any):
    services, times = clock
    user = make_user(db)
    make_subscription(db, user, plan="agency")
    product = make_product(db, user, "Mug", f"{HANDLE}/100")
    with db.as_user(user) as owner:
        owner.execute("update public.products set watch = 'weekly' where id = %s", product["id"])
    weeks = [
        (posts(1000), comments(GOOD, [])),
        (posts(1100), comments(GOOD[:4], BAD[:3])),
        (posts(30_000), comments(GOOD[:4], BAD[:3])),
    ]
    for week, (videos, said) in enumerate(weeks):
        apify.will(VIDEOS_ACTOR, videos, Outcome([]))
        apify.will(COMMENTS_ACTOR, said)
        if week:
            pass_days(db, 7)
            times.append(times[-1] + timedelta(days=7))
            db.execute("delete from public.jobs where finished_at is not null")
            with db.as_worker() as session:
                assert session.value("select private.run_next_watch()") == "queued"
        async with worker(db, KIND, analyze_product.handler(services)):
            await until(db, product, KIND, "succeeded")

    with db.as_user(user) as owner:
        history = owner.rows("select * from public.product_history order by analysed_at")
        packs = owner.rows(
            "select configuration -> 'what_changed' as changed from public.virality_packs"
            " order by created_at"
        )
        record = owner.row("select * from public.score_record()")
        notes = owner.rows(
            "select kind, text from public.notifications where kind <> 'analysis_done'"
            " order by created_at, kind"
        )
    changes = [pack["changed"] for pack in packs]
    console = Console(width=150)
    console.print(render("Mug", history, changes))
    console.print(record, notes)

    assert [row["band"] for row in history] == ["typical", "typical", "breakout"]
    assert [row["is_hit"] for row in history] == [True, False, None]
    assert (record["n"], record["hits"]) == (2, 1)
    assert [bool(row["complaints"]) for row in history] == [False, True, True]
    # The first look knows no speed; the second and third measure it over a week.
    assert [row["views_per_hour"] for row in history] == [None, 0.6, 172.0]
    kinds = [[change["kind"] for change in changed] for changed in changes]
    first, second, _ = history
    is_worse = second["net_high"] < first["net_low"]
    assert kinds == [
        [],
        ["net_down", "new_complaint"] if is_worse else ["new_complaint"],
        ["breakout", "heating"],
    ]
    broken = changes[1][-1]["text"]
    assert re.fullmatch(
        r"New complaint: it breaks or wears out early \(\d+ of \d+ comments\)\.", broken
    )
    times_usual = f"{history[2]['ratio']:.1f}"
    assert changes[2][0]["text"] == (
        f"The video is a breakout now: it has {times_usual} times the usual views."
    )
    assert notes == [
        {"kind": "new_complaint", "text": f"Mug: {broken}"},
        {
            "kind": "breakout",
            "text": (
                f"The video of Mug is a breakout now. It has {times_usual} times the usual views."
            ),
        },
    ]


async def analyse_again(db: Database, product: Row, services: Any) -> None:
    """Runs what is queued for the product; asks for it, if nothing is."""
    with db.as_user(product["user_id"]) as owner:
        owner.execute("select public.run_analysis(%s)", product["id"])
    db.execute("delete from public.jobs where finished_at is not null")
    async with worker(db, KIND, analyze_product.handler(services)):
        await until(db, product, KIND, "succeeded")


async def test_a_shop_page_that_changes(db: Database, services: Any, website: Any):
    page = (
        '<title>Mug</title><h1>Mug</h1><script type="application/ld+json">{"@context":'
        ' "https://schema.org", "@type": "Product", "name": "Mug", "offers": {"@type": "Offer",'
        ' "price": "PRICE", "priceCurrency": "USD", "availability":'
        ' "https://schema.org/STOCK"}}</script>'
    )
    url = website.page("/mug", page.replace("PRICE", "49.99").replace("STOCK", "InStock"))
    product = make_product(db, make_user(db), "Mug", url)
    await analyse_again(db, product, services)
    website.page("/mug", page.replace("PRICE", "39.99").replace("STOCK", "OutOfStock"))
    await analyse_again(db, product, services)
    pack = newest_pack(db)
    assert [change.model_dump() for change in pack.what_changed] == [
        {"kind": "sold_out", "text": "It is sold out now."},
        {"kind": "price_down", "text": "The price fell from $49.99 to $39.99."},
    ]
    told = "select text from public.notifications where kind <> 'analysis_done'"
    assert db.value(told) == "Mug: It is sold out now."


async def test_a_pack_shows_the_record_of_its_account(db: Database, connected: Any, apify: Any):
    product = make_product(db, make_user(db), "Mug", f"{HANDLE}/100")
    add = "insert into private.score_records (user_id, judged, hits) values (%s, 25, 20)"
    db.execute(add, product["user_id"])
    apify.will(VIDEOS_ACTOR, posts(1000), Outcome([]))
    apify.will(COMMENTS_ACTOR, comments(GOOD, []))
    await analyse_again(db, product, connected)
    record = newest_pack(db).record
    assert record is not None
    assert (record.n, record.hits, record.rate, record.ci95) == (25, 20, 0.8, (0.609, 0.911))
    assert record.text.startswith("Of 25 scores against creators' own posts for this account, 20 ")


def newest_pack(db: Database) -> PackConfiguration:
    """As its model reads it: a key of another form fails."""
    newest = "select configuration from public.virality_packs order by created_at desc limit 1"
    return PackConfiguration.model_validate(db.value(newest))
