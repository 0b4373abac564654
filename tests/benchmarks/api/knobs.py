"""What each setting of PostgREST and of the schema is worth: list 20 with one thing changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg

from local import postgrest
from tests.benchmarks.api import cases, data, measure, servers
from tests.benchmarks.api.measure import Bench
from tests.benchmarks.api.servers import Place, Server
from tests.benchmarks.jobs.measure import Failure, Sample

CASE = "list 20 with one thing changed"
_PASSWORD = "benchmark"
_ROUNDS = 2
_INDEX = "products_user_id_created_at_id_idx"
_ONE_CORE = {"GHCRTS": postgrest.RUNTIME}
_TWO_CORES = {"GHCRTS": postgrest.RUNTIME.replace("-N1", "-N2")}
_ANYWHERE = ()
_IN_SHORT_TURNS = ("chrt", "--other", "0", "taskset", "-c", str(max(os.sched_getaffinity(0))))


def samples(bench: Bench, ours: Server) -> Iterator[Sample | Failure]:
    """Ours, then one change after the other, twice in turn."""
    place = bench.place
    with (
        servers.postgrest_server(place, "no-cache", jwt_cache_max_lifetime="0") as no_cache,
        servers.postgrest_server(place, "unprepared", db_prepared_statements="false") as unprepared,
        servers.postgrest_server(place, "pool-2", db_pool="2") as pool_2,
        servers.postgrest_server(place, "pool-40", db_pool="40") as pool_40,
        servers.postgrest_server(place, "two-cores", _ANYWHERE, _TWO_CORES) as two_cores,
        servers.postgrest_server(place, "any-core", _ANYWHERE, _ONE_CORE) as any_core,
        servers.postgrest_server(place, "short", _IN_SHORT_TURNS, _ONE_CORE) as short_turns,
        servers.postgrest_server(place, "tcp", db_uri=_tcp(place)) as tcp,
    ):
        changed = {
            cases.OURS: ours,
            "no JWT cache": no_cache,
            "no prepared statements": unprepared,
            "TCP to PostgreSQL, not its socket": tcp,
            "pool of 2, not 10": pool_2,
            "pool of 40, not 10": pool_40,
            "PostgREST on two cores": two_cores,
            "… on one core, but not always the same": any_core,
            "… on the same one, but not in long turns": short_turns,
        }
        for number in range(_ROUNDS):
            for name, server in changed.items():
                yield _sample(bench, name, server, is_warm=number > 0)
    # The pre-request looks the membership of each of these requests up.
    members = replace(bench, tokens=place.tokens(data.ASKERS, is_member=True))
    for _round in range(_ROUNDS):
        yield _sample(members, "acting for an organisation", ours, is_warm=False)
    with _plain_index(place):
        for _round in range(_ROUNDS):
            yield _sample(bench, "index on user_id alone", ours, is_warm=True)


def _sample(bench: Bench, name: str, server: Server, *, is_warm: bool) -> Sample | Failure:
    requests = cases.requests(cases.LIST, cases.OURS)
    return bench.undisturbed(
        CASE,
        name,
        lambda: measure.http(bench, CASE, name, server, requests, is_warm=is_warm),
    )


def _tcp(place: Place) -> str:
    target = place.target
    with psycopg.connect(target.url(), autocommit=True) as db:
        db.execute(f"alter role authenticator password '{_PASSWORD}'")
    return f"postgresql://authenticator:{_PASSWORD}@127.0.0.1:{target.port}/{target.database}"


@contextmanager
def _plain_index(place: Place) -> Iterator[None]:
    with psycopg.connect(place.target.url(), autocommit=True) as db:
        [made] = db.execute(f"select pg_get_indexdef('public.{_INDEX}'::regclass)").fetchone()
        db.execute(f"drop index public.{_INDEX}")
        db.execute("create index benchmark_user_id_idx on public.products (user_id)")
        try:
            yield
        finally:
            db.execute("drop index public.benchmark_user_id_idx")
            db.execute(made)
