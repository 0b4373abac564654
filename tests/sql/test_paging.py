"""Paging as docs/frontend.md does it: every product once, each page from the index."""

from __future__ import annotations

import json
import re
import uuid

from tests.database import Database, make_user
from tests.postgrest import RunningPostgrest

PAGE = 20


def make_products(db: Database, user: uuid.UUID, number: int) -> None:
    """Three of each second, so that pages end between products of one moment."""
    db.execute("alter table public.products disable trigger user")
    db.execute(
        "insert into public.products (user_id, name, source_url, created_at)"
        " select %s, n::text, 'https://shop.example/', timestamptz '2026-01-01 00:00:00.123456Z'"
        " + n / 3 * interval '1 second' from generate_series(1, %s) as n",
        *(user, number),
    )


def test_pages_hold_every_product_once(db: Database, postgrest: RunningPostgrest) -> None:
    user = make_user(db)
    make_products(db, user, 50)
    seen: list[str] = []
    after = ""
    while True:
        rows = (
            postgrest.as_user(user)
            .session.get(
                "/product_overview?select=id,name,created_at&order=created_at.desc,id.desc"
                f"&limit={PAGE}{after}"
            )
            .json()
        )
        seen += [row["name"] for row in rows]
        if len(rows) < PAGE:
            break
        at = rows[-1]["created_at"].replace("+", "%2B")
        after = f'&created_at=lte.{at}&or=(created_at.lt."{at}",id.lt.{rows[-1]["id"]})'
    assert sorted(seen, key=int) == [str(number) for number in range(1, 51)]


def test_a_late_page_is_found_by_the_index(db: Database) -> None:
    user = make_user(db)
    make_products(db, user, 3000)
    db.execute("analyze public.products")
    with db.as_user(user) as owner:
        [plan] = owner.value(
            "explain (format json) select * from public.product_overview"
            " where created_at <= '2026-01-01 00:05:00Z'"
            " and (created_at < '2026-01-01 00:05:00Z' or id < gen_random_uuid())"
            " order by created_at desc, id desc limit 20"
        )
    conditions = re.findall(r'"Index Cond": "(.*?)"', json.dumps(plan))
    assert any("user_id" in each and "created_at <= " in each for each in conditions), conditions
