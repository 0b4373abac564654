"""The rows that every system serves: accounts with products and what hangs on them.

Ids are counted, not random, so that a request can be written without asking the database first.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import psycopg

from tests.benchmarks.jobs.target import Target

PRODUCTS_EACH = 20
RESULTS_EACH = 10
# The accounts that ask. Their documents are as large as real ones (a pack 9 kB, a summary 3 kB);
# those of the others are small, or the fill would take minutes.
ASKERS = 250

# As the exchange mints them, as far as the database reads claims; for clients without tokens.
CLAIMS = (
    '{"role": "authenticated", "aud": "authenticated", "iat": 4102444500, "exp": 4102444800,'
    ' "account_role": "admin", "sub": "10000000-0000-4000-8000-%s"}'
)

_FILL = """
set session_replication_role = replica;
create function pg_temp.id(kind integer, number bigint) returns uuid language sql immutable
return (kind || '0000000-0000-4000-8000-' || lpad(to_hex(number), 12, '0'))::uuid;
create temp table filler as
select n, jsonb_agg(md5(n || ' ' || line)) as hooks,
    jsonb_agg(md5(n || ' ' || line)) filter (where line <= 80) as themes
from generate_series(0, 99) as n, generate_series(1, 200) as line group by n;
insert into public.products (id, user_id, name, source_url, created_at, updated_at)
select pg_temp.id(2, n), pg_temp.id(1, n / {each}), 'Walnut desk lamp ' || n,
    'https://shop.example/products/' || n, moment, moment
from generate_series(0, {accounts} * {each} - 1) as n,
    lateral (select now() - make_interval(mins => (n % 100000)::integer) as moment);
insert into public.jobs (id, product_id, user_id, kind, status, stage, progress, created_at,
    started_at, finished_at)
select pg_temp.id(3, row_number() over ()), id, user_id, 'analyze_product', 'succeeded', 'done',
    100, created_at, created_at, created_at
from public.products;
insert into public.virality_packs (product_id, user_id, name, configuration, score, created_at)
select id, user_id, name, jsonb_build_object(
    'schema_version', '1.0', 'headline', 'People praise the light; people ask about the cable',
    'score', jsonb_build_object('value', 61.5, 'band', 'above', 'low', 52.1, 'high', 70.4),
    'hooks', filler.hooks
), 61.5, created_at
from public.products
left join filler on user_id < pg_temp.id(1, {askers}) and n = abs(hashtext(id::text)) % 100;
insert into public.analysis_results (product_id, user_id, type, content, engine, created_at)
select p.id, p.user_id, (array['sentiment_summary', 'virality_breakdown'])[1 + g % 2],
    jsonb_build_object('schema_version', '1.0', 'comments', 167,
        'overall', jsonb_build_object('label', 'positive', 'net', 0.31),
        'themes', filler.themes),
    'embedded', p.created_at + make_interval(secs => g)
from public.products as p
left join filler on user_id < pg_temp.id(1, {askers}) and filler.n = abs(hashtext(id::text)) % 100,
    generate_series(1, {results}) as g;
insert into public.scripts (product_id, user_id, content, created_at)
select id, user_id, 'Look at this lamp.', created_at from public.products
where abs(hashtext(id::text)) % 4 = 0;
insert into private.accounts (id, issuer, subject)
select distinct user_id, 'https://clerk.example', user_id::text from public.products;
insert into public.accounts (id) select id from private.accounts;
insert into private.memberships (user_id, person_id, role, seen_at, session_at)
select pg_temp.id(1, n), pg_temp.id(1, n + 1), 'editor', now(), now()
from generate_series(0, {askers} - 1) as n;
set session_replication_role = origin;
-- Limits stay, and are looked up and counted, but stand aside: the load is of hundreds a second.
update public.plans set max_products = 1000000, analyses_per_month = 1000000000,
    requests_per_minute = 1000000000;
"""


@dataclass(frozen=True)
class Size:
    """How many accounts there are; each has 20 products, each of those 10 results."""

    accounts: int


FULL = Size(5000)  # 100,000 products, a million results
QUICK = Size(500)


def fill(target: Target, size: Size) -> float:
    """Fills a migrated database; the seconds that it took."""
    since = time.monotonic()
    statements = _FILL.format(
        each=PRODUCTS_EACH, results=RESULTS_EACH, accounts=size.accounts, askers=ASKERS
    )
    with psycopg.connect(target.url(), autocommit=True) as db:
        # In pieces: vacuum can't run beside others in one message.
        db.execute(statements)
        db.execute("vacuum (analyze)")
        db.execute("checkpoint")
    return time.monotonic() - since


_PUT_BACK = """
set session_replication_role = replica;
delete from public.products where id not between {first} and {last};
delete from public.jobs where id not between {first_job} and {last_job};
truncate private.live_jobs, private.charges, private.usage, private.request_counts,
    pgmq.q_jobs;
"""


def put_back(target: Target) -> None:
    """Takes away what a writing case has left, so that the next system meets the same rows."""
    names = ("first", "last", "first_job", "last_job")
    ends = (_id(2, 0), _id(2, 16**12 - 1), _id(3, 0), _id(3, 16**12 - 1))
    with psycopg.connect(target.url(), autocommit=True) as db:
        db.execute(_PUT_BACK.format(**{n: f"'{end}'" for n, end in zip(names, ends, strict=True)}))
        db.execute("vacuum (analyze) public.products, public.jobs")


def account_id(number: int) -> str:
    """The account with this number."""
    return _id(1, number)


def product_id(account: int, number: int) -> str:
    """The account's product with this number, from 0."""
    return _id(2, account * PRODUCTS_EACH + number)


def claims(account: int, *, is_member: bool = False) -> dict[str, object]:
    """The claims of the account's token, as long as a token may live.

    With `is_member` those of the next account's person, who acts for this account.
    """
    now = int(time.time())
    act = {"act": {"sub": _id(1, account + 1)}, "account_role": "editor", "session_iat": now}
    own = json.loads(CLAIMS % f"{account:012x}") | {"iat": now, "exp": now + 900}
    return own | act if is_member else own


def _id(kind: int, number: int) -> str:
    return f"{kind}0000000-0000-4000-8000-{number:012x}"
