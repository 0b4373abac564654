"""Dumps taken under load, with and without the schema pgmq, restored beside: their jobs go on once.

On both profiles: pgmq as it is now, and 1.5.1 as hosted. The commands are those of docs/backup.md.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

from local.postgres import Server
from local.profiles import EMBEDDED, HOSTED, Profile
from tests.chaos.servers import connect, make_database, own_server
from tests.chaos.trial import Trial
from tests.server import ROOT
from tests.trials import runbook
from tests.trials.figures import Figure

_JOBS = 400
_SHAPES = {"with pgmq": "", "without pgmq": "--exclude-schema=pgmq"}
_COUNTS = """
select
    (select count(*) from public.jobs as j where j.status <> 'succeeded' or not exists (
        select from chaos.effects as e where e.job_id = j.id))
    + (select count(*) from unnest(%(promised)s::uuid []) as p (id) where p.id not in (
        select j.id from public.jobs as j)) as lost,
    (select count(*) from (
        select from chaos.effects group by job_id having count(*) > 1) as e) as doubled
"""


def run() -> list[Figure]:
    """On each profile whose server is installed."""
    return [figure for profile in (EMBEDDED, HOSTED) for figure in _on(profile)]


def _on(profile: Profile) -> Iterator[Figure]:
    if not (profile.binaries / "postgres").exists():
        yield Figure(f"dumps of {profile.name}: skipped, make setup PROFILE={profile.name}", 0)
        return
    with own_server(profile) as server:
        for number, (shape, option) in enumerate(_SHAPES.items()):
            folder = runbook.own(server.data_dir.parent / f"dumps_{number}")
            given = {"BACKUPS": str(folder), "DUMP_OPTIONS": option}
            name = f"{profile.name}, {shape}"
            yield from _tried(server, profile, name, number, given)


def _tried(
    server: Server, profile: Profile, name: str, number: int, given: dict[str, str]
) -> Iterator[Figure]:
    source, target = f"source_{number}", f"target_{number}"
    make_database(server, source)
    trial = Trial(server, source, _JOBS)
    try:
        trial.begin()
        trial.wait_until_done(0.4)
        promised = _ids(server, source, "select id from public.jobs")
        runbook.run("dump", given | {"OWNER_URL": server.url("postgres", source)})
        trial.wait_until_over()
    finally:
        trial.abandon()
    began = time.monotonic()
    _make_empty(server, profile, target, has_pgmq=not given["DUMP_OPTIONS"])
    owned = given | {"OWNER_URL": server.url("postgres", target)}
    runbook.run("list", owned)
    runbook.run("restore", owned)
    seconds = time.monotonic() - began
    unfinished = _ids(server, target, "select job_id as id from private.live_jobs")
    after = Trial(server, target, _JOBS)
    after.confirmed = trial.confirmed
    try:
        for _ in range(2):
            after.start_worker()
        after.wait_until_over()
    finally:
        after.abandon()
    with connect(server, target) as db:
        [counts] = db.execute(_COUNTS, {"promised": list(promised)}).fetchall()
    yield Figure(f"{name}: restored in", seconds, "s", at_most=60)
    yield Figure(f"{name}: jobs of the dump", len(promised), at_least=_JOBS * 0.4)
    yield Figure(f"{name}: ... unfinished then", len(unfinished), at_least=1)
    yield Figure(f"{name}: lost", counts["lost"], at_most=0)
    yield Figure(f"{name}: doubled", counts["doubled"], at_most=0)


def _make_empty(server: Server, profile: Profile, name: str, *, has_pgmq: bool) -> None:
    """A database of the platform, with nothing of ours; as a new project is."""
    given = {"SUPERUSER_URL": server.superuser_url(), "CHECKOUT": str(ROOT), "EMPTY": name}
    runbook.run("empty", given)
    with connect(server, name) as superuser:
        for file in profile.platform[1:]:  # what a hosted project has beyond platform.sql
            superuser.execute(file.read_bytes())
        if not has_pgmq:
            superuser.execute("set role postgres")
            superuser.execute("create extension pgmq")


def _ids(server: Server, database: str, query: str) -> set[uuid.UUID]:
    with connect(server, database) as db:
        return {row["id"] for row in db.execute(query)}
