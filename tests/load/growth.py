"""Hot reads and a claim beside 1,000 to 1,000,000 rows, in one run.

The accounts that ask have the same rows at every size. What grows is everybody else's. The page
shows how much slower the same request gets.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.benchmarks.api.servers import Place, postgrest_server
from tests.benchmarks.jobs import backlog
from tests.benchmarks.jobs.server import Server, running
from tests.benchmarks.jobs.systems.ours import OursOfManyUsers
from tests.benchmarks.jobs.target import Target
from tests.server import ROOT, migrate

SIZES = (1_000, 10_000, 100_000, 1_000_000)
ASKERS = 50  # accounts of the smallest size, with twenty products each
_ROUNDS = 4
_CHUNK = 100_000

# Ids are counted, as in tests/benchmarks/api/data.py, whose tokens name these accounts.
_IDS = """
create function pg_temp.id(kind integer, number bigint) returns uuid language sql immutable
return (kind || '0000000-0000-4000-8000-' || lpad(to_hex(number), 12, '0'))::uuid;
create temp table filler as
select jsonb_agg(md5(line::text)) as large,
    jsonb_agg(md5(line::text)) filter (where line <= 2) as small
from generate_series(1, 200) as line;
set session_replication_role = replica;
"""
_FILL = (
    """
    insert into private.accounts (id, issuer, subject)
    select pg_temp.id(1, n), 'https://clerk.example', n::text
    from generate_series(%(first)s / 20, (%(end)s - 1) / 20) as n on conflict do nothing
    """,
    """
    insert into public.accounts (id)
    select pg_temp.id(1, n) from generate_series(%(first)s / 20, (%(end)s - 1) / 20) as n
    on conflict do nothing
    """,
    """
    insert into public.products (id, user_id, name, source_url, created_at, updated_at)
    select pg_temp.id(2, n), pg_temp.id(1, n / 20), 'Walnut desk lamp ' || n,
        'https://shop.example/products/' || n, at, at
    from generate_series(%(first)s, %(end)s - 1) as n,
        lateral (select now() - make_interval(mins => (n %% 100000)::integer) as at) as t
    """,
    """
    insert into public.jobs (id, product_id, user_id, kind, status, stage, progress, created_at,
        started_at, finished_at)
    select pg_temp.id(3, n), pg_temp.id(2, n), pg_temp.id(1, n / 20), 'analyze_product',
        'succeeded', 'done', 100, at, at, at
    from generate_series(%(first)s, %(end)s - 1) as n,
        lateral (select now() - make_interval(mins => (n %% 40000)::integer) as at) as t
    """,
    """
    insert into public.analysis_results (product_id, user_id, job_id, type, content, engine,
        created_at)
    select pg_temp.id(2, n), pg_temp.id(1, n / 20), pg_temp.id(3, n), type,
        jsonb_build_object('schema_version', '1.0', 'themes',
            case when n / 20 < %(askers)s then f.large else f.small end,
            'overall', jsonb_build_object('label', 'positive', 'net', 0.3)),
        'embedded', now() - make_interval(mins => (n %% 40000)::integer)
    from generate_series(%(first)s, %(end)s - 1) as n, filler as f,
        unnest(array['sentiment_summary', 'virality_breakdown']) as type
    """,
    """
    insert into public.virality_packs (product_id, user_id, job_id, name, configuration, score,
        created_at)
    select pg_temp.id(2, n), pg_temp.id(1, n / 20), pg_temp.id(3, n), 'Pack',
        jsonb_build_object('schema_version', '1.0', 'hooks',
            case when n / 20 < %(askers)s then f.large else f.small end,
            'headline', 'People praise the light'),
        61.5, now() - make_interval(mins => (n %% 40000)::integer)
    from generate_series(%(first)s, %(end)s - 1) as n, filler as f
    """,
    """
    insert into public.notifications (user_id, kind, product_id, text, created_at, read_at)
    select pg_temp.id(1, n / 20), 'analysis_done', pg_temp.id(2, n), 'The analysis has ended.',
        now() - make_interval(mins => (n %% 40000)::integer),
        case when n %% 20 > 4 then now() end
    from generate_series(%(first)s, %(end)s - 1) as n
    """,
)


_STATEMENTS = """
select sum(total_exec_time), sum(shared_blks_hit + shared_blks_read)
from pg_stat_statements
where dbid = (select oid from pg_database where datname = current_database())
    and query not like '%pg_stat_statements%'
"""


@dataclass(frozen=True)
class Point:
    """A median in milliseconds at a number of rows.

    Of each read also the mean time of its statements and the pages that they look at.
    """

    name: str
    rows: int
    milliseconds: float
    database: float | None = None
    pages: float | None = None


def _product(account: int) -> str:
    return f"20000000-0000-4000-8000-{account * 20 + 7:012x}"


def _job(account: int) -> str:
    return f"30000000-0000-4000-8000-{account * 20 + 7:012x}"


# As the client package asks; the same as tests/load/users.js.
_DETAIL = (
    "select=*,virality_packs(*),analysis_results(*),scripts(*)"
    "&virality_packs.order=created_at.desc&virality_packs.limit=1"
    "&analysis_results.order=created_at.desc&analysis_results.limit=2"
    "&scripts.order=created_at.desc&scripts.limit=20"
)
READS: dict[str, Callable[[int], str]] = {
    "list products": lambda _account: (
        "/product_overview?select=*&archived_at=is.null&order=created_at.desc,id.desc&limit=20"
    ),
    "open a pack": lambda account: f"/products?{_DETAIL}&id=eq.{_product(account)}",
    "poll a job": lambda account: f"/jobs?select=*&id=eq.{_job(account)}",
    "unread notifications": lambda _account: (
        "/notifications?select=*&read_at=is.null&order=created_at.desc"
    ),
    "account": lambda _account: "/rpc/account",
}
CLAIM = "claim of 10 jobs"


def measure(sizes: tuple[int, ...], say: Callable[[str], None]) -> list[Point]:
    """The medians of all reads and of a claim, at each size."""
    with running(ROOT / ".local" / "load-growth") as server:
        return [*_reads(server, sizes, say), *_claims(server, sizes, say)]


def _reads(server: Server, sizes: tuple[int, ...], say: Callable[[str], None]) -> list[Point]:
    points = []
    with (
        server.database("growth", _install) as target,
        tempfile.TemporaryDirectory(prefix="load-growth-") as folder,
        psycopg.connect(target.url(), autocommit=True) as db,
    ):
        db.execute("create extension pg_stat_statements")
        db.execute(_IDS)
        place = Place(target, Path(folder))
        filled = 0
        for size in sizes:
            since = time.monotonic()
            _fill(db, filled, size)
            filled = size
            say(
                f"{size:,} products, as many jobs and packs, twice as many results: "
                f"{time.monotonic() - since:.0f} s"
            )
            # A token lives for 15 minutes at most, and a size takes minutes.
            tokens = place.tokens(ASKERS)
            with postgrest_server(place, f"growth-{size}") as rest:
                points += [_read(db, rest.port, name, tokens, size) for name in READS]
    return points


def _install(target: Target) -> None:
    migrate(target.socket_dir, target.port, target.database)


def _fill(db: psycopg.Connection[Any], first: int, end: int) -> None:
    for start in range(first, end, _CHUNK):
        given = {"first": start, "end": min(end, start + _CHUNK), "askers": ASKERS}
        for statement in _FILL:
            db.execute(statement, given)
    db.execute("vacuum (analyze)")
    db.execute("checkpoint")


def _read(
    db: psycopg.Connection[Any],
    port: int,
    name: str,
    tokens: list[str],
    size: int,
) -> Point:
    """The median of `_ROUNDS` rounds over all accounts, after one that warms up."""
    taken = []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        for number in range((_ROUNDS + 1) * len(tokens)):
            if number == len(tokens):
                db.execute("select pg_stat_statements_reset()")
            account = number % len(tokens)
            since = time.perf_counter()
            answer = client.get(
                READS[name](account), headers={"Authorization": f"Bearer {tokens[account]}"}
            )
            passed = (time.perf_counter() - since) * 1000
            answer.raise_for_status()
            if not answer.json():
                raise RuntimeError(f"{name} answered nothing")
            if number >= len(tokens):
                taken.append(passed)
    [milliseconds, pages] = db.execute(_STATEMENTS).fetchone() or (0, 0)
    each = len(taken)
    return Point(name, size, statistics.median(taken), milliseconds / each, float(pages) / each)


def _claims(server: Server, sizes: tuple[int, ...], say: Callable[[str], None]) -> list[Point]:
    """The same measurement as of `make bench-jobs`: due jobs of a thousand users."""

    def install(target: Target) -> None:
        asyncio.run(OursOfManyUsers(target).install())

    with server.database("claims", install) as target:
        since = time.monotonic()
        found = asyncio.run(
            backlog.growth(
                OursOfManyUsers(target), target, {"sizes": list(sizes), "states": ["due"]}
            )
        )
        say(f"claims: {time.monotonic() - since:.0f} s")
    return [Point(CLAIM, size, found[f"due_claim_ms_at_{size}"]) for size in sizes]
