"""What trials of accounts share: a durable server, PostgREST on it, large accounts."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.servers import make_database, own_server
from tests.database import Database
from tests.postgrest import RunningPostgrest, serve

# Documents as large as real ones: a result of 5 kB, a pack of 9 kB.
_FILL = """
select private.resolve_identity('https://clerk.example', %(user)s::text, %(user)s);
set session_replication_role = replica;
insert into public.products (user_id, name, source_url)
select %(user)s, 'Lamp ' || n, 'https://shop.example/' || n
from generate_series(1, %(products)s) as n;
insert into public.jobs (user_id, product_id, kind, status, created_at, finished_at)
select p.user_id, p.id, 'analyze_product', 'succeeded', now() - interval '40 days', now()
from public.products as p where p.user_id = %(user)s;
insert into private.charges (job_id, metric, month)
select j.id, 'analyses', private.current_month() from public.jobs as j where j.user_id = %(user)s;
insert into public.scripts (user_id, product_id, content)
select p.user_id, p.id, repeat('Look at this lamp. ', 30)
from generate_series(1, %(scripts)s) as n
join (
    select q.*, row_number() over () as place from public.products as q
    where q.user_id = %(user)s limit 1000
) as p on p.place = 1 + n %% least(1000, %(products)s);
insert into public.script_versions (script_id, user_id, version, content)
select s.id, s.user_id, 1, s.content from public.scripts as s where s.user_id = %(user)s;
with documents as materialized (
    select
        jsonb_agg(md5(n::text)) filter (where n <= 130) as small,
        jsonb_agg(md5(n::text)) as large
    from generate_series(1, 250) as n
), analyses as materialized (
    select p.id as product_id, gen_random_uuid() as job_id, now() - n * interval '1 day' as at
    from (
        select q.id from public.products as q where q.user_id = %(user)s
        limit least(1000, %(products)s)
    ) as p, generate_series(1, %(analyses)s) as n
), results as (
    insert into public.analysis_results
    (user_id, product_id, job_id, type, content, engine, created_at)
    select %(user)s, a.product_id, a.job_id, kind, jsonb_build_object(
        'schema_version', '1.0', 'themes', d.small
    ), 'embedded', a.at
    from analyses as a, documents as d,
        unnest(array['sentiment_summary', 'virality_breakdown']) as kind
)
insert into public.virality_packs
(user_id, product_id, job_id, name, configuration, score, created_at)
select %(user)s, a.product_id, a.job_id, 'Pack', jsonb_build_object(
    'schema_version', '1.0', 'hooks', d.large
), 61.5, a.at
from analyses as a, documents as d;
reset session_replication_role;
"""


@contextmanager
def stack() -> Iterator[tuple[Database, RunningPostgrest]]:
    """An empty migrated database, and PostgREST on it with its pool of four connections."""
    with own_server() as server, tempfile.TemporaryDirectory() as folder:
        make_database(server, "trial")
        database = Database(str(server.socket_dir), server.port, "trial")
        for postgrest in serve(database, Path(folder)):
            yield database, postgrest
        database.connection.close()


def fill(db: Database, *, products: int, scripts: int = 0, analyses: int = 0) -> uuid.UUID:
    """A new account with so many products, scripts, and analyses of each of 1,000 products."""
    given = {
        "user": uuid.uuid4(),
        "products": products,
        "scripts": scripts,
        "analyses": analyses,
    }
    with db.as_superuser() as superuser:
        for statement in _FILL.split(";\n"):
            if statement.strip():
                superuser.connection.execute(statement, given)
        for table in ("products", "scripts", "jobs", "analysis_results", "virality_packs"):
            superuser.connection.execute(f"analyze public.{table}".encode())
    return given["user"]
