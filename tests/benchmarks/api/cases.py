"""What is asked: the same of every system, by its own paths; as SQL for pgbench, the limit."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from tests.benchmarks.api.data import ASKERS, CLAIMS, PRODUCTS_EACH, product_id
from tests.benchmarks.api.load import Request

OURS = "ours"
BARE = "PostgREST without pre-request"
EMPTY = "PostgREST with an empty pre-request"
UNLIMITED = "ours without rate limit"
NEXT = "Next.js + supabase-js"
ASYNCPG = "FastAPI + asyncpg"
SQLALCHEMY = "FastAPI + SQLAlchemy"
EXPRESS = "Express + pg"
PGBENCH = "pgbench"
PEERS = (NEXT, ASYNCPG, SQLALCHEMY, EXPRESS)
# Without what our API does before each request: beside BARE.
BARE_PEERS = {
    ASYNCPG: "FastAPI + asyncpg, bare",
    SQLALCHEMY: "FastAPI + SQLAlchemy, bare",
    EXPRESS: "Express + pg, bare",
    PGBENCH: "pgbench, bare",
}
POSTGREST = (OURS, BARE, EMPTY, UNLIMITED)

LIST, GET, INSERT, RPC, OVERVIEW = (
    "list 20",
    "get one",
    "insert",
    "rpc run_analysis",
    "product_overview",
)
_NEWEST = "order=created_at.desc,id.desc&limit=20"
_NEWEST_SQL = "order by created_at desc, id desc limit 20"
_PATHS = {
    LIST: (f"/products?select=*&{_NEWEST}", "/products"),
    GET: ("/products?select=*&id=eq.{product}", "/products/{product}"),
    INSERT: ("/products?select=*", "/products"),
    RPC: ("/rpc/run_analysis", "/analysis"),
    OVERVIEW: (f"/product_overview?select=*&{_NEWEST}", "/overview"),
}
_NEXT_PREFIX = "/api"
_SQL = {
    LIST: f"select * from public.products {_NEWEST_SQL}",
    GET: "select * from public.products where id = {product}",
    INSERT: "insert into public.products (name, source_url)"
    " values ('Oak shelf', 'https://shop.example/oak') returning *",
    RPC: "select * from public.run_analysis({product})",
    OVERVIEW: f"select * from public.product_overview {_NEWEST_SQL}",
}
_LINES = 2000

# What a dashboard without the view asks for, each with the columns that it shows.
_FOUR = (
    f"/products?select=*&{_NEWEST}",
    (
        "/virality_packs?select=id,product_id,name,score,created_at,"
        "band:configuration->score->>band,headline:configuration->>headline"
        "&product_id=in.({products})&order=created_at.desc"
    ),
    (
        "/analysis_results?select=product_id,created_at,label:content->overall->>label,"
        "net:content->overall->net&type=eq.sentiment_summary"
        "&product_id=in.({products})&order=created_at.desc"
    ),
    (
        "/jobs?select=id,product_id,kind,status,stage,progress,error_code,error_message"
        "&product_id=in.({products})&order=created_at.desc"
    ),
)


@dataclass(frozen=True)
class Case:
    """A question, and who is asked it."""

    name: str
    systems: tuple[str, ...]


CASES = (
    Case(LIST, (OURS, BARE, EMPTY, *PEERS, PGBENCH, *BARE_PEERS.values())),
    Case(GET, (OURS, BARE, *PEERS, PGBENCH, BARE_PEERS[PGBENCH])),
    Case(OVERVIEW, (OURS, *PEERS, PGBENCH)),
    Case(INSERT, (OURS, UNLIMITED, *PEERS, PGBENCH)),
    Case(RPC, (OURS, *PEERS, PGBENCH)),
)


def requests(case: str, system: str) -> list[Request]:
    """A run's requests, over many accounts in an order that is always the same."""
    chance = random.Random(7)
    ours, theirs = _PATHS[case]
    path = ours if system in POSTGREST else (_NEXT_PREFIX if system == NEXT else "") + theirs
    made = []
    for _ in range(_LINES):
        account = chance.randrange(ASKERS)
        product = product_id(account, chance.randrange(PRODUCTS_EACH))
        made.append(Request(path.format(product=product), account, _body(case, product)))
    return made


def four_requests() -> list[Request]:
    """A screen of each account after the other, in four requests."""
    return [
        Request(path.format(products=",".join(_products_of(account))), account)
        for account in range(ASKERS)
        for path in _FOUR
    ]


def script(case: str, *, is_bare: bool) -> str:
    """The same for pgbench: a transaction with role and claims, as PostgREST opens one."""
    account = "lpad(to_hex(:account::bigint), 12, '0')"
    product = (
        "('20000000-0000-4000-8000-'"
        f" || lpad(to_hex(:account::bigint * {PRODUCTS_EACH} + :number), 12, '0'))::uuid"
    )
    method = "POST" if case in (INSERT, RPC) else "GET"
    path = _PATHS[case][0].partition("?")[0]
    request = (
        f", set_config('request.method', '{method}', true),"
        f" set_config('request.path', '{path}', true),"
        """ set_config('request.headers', '{"accept": "*/*"}', true)"""
    )
    return (
        f"\\set account random(0, {ASKERS - 1})\n"
        f"\\set number random(0, {PRODUCTS_EACH - 1})\n"
        "begin;\n"
        "select set_config('role', 'authenticated', true),"
        f" set_config('request.jwt.claims', format('{CLAIMS}', {account}), true)"
        f"{'' if is_bare else request};\n"
        f"{'' if is_bare else 'select private.before_request();'}\n"
        f"{_SQL[case].format(product=product)};\n"
        "commit;\n"
    )


def _body(case: str, product: str) -> str:
    if case == INSERT:
        return json.dumps({"name": "Oak shelf", "source_url": "https://shop.example/oak"})
    return json.dumps({"product_id": product}) if case == RPC else ""


def _products_of(account: int) -> list[str]:
    return [product_id(account, number) for number in range(PRODUCTS_EACH)]
