"""The rules of our schema as catalogue queries: each names its offenders and has one to prove it.

Every query sees `ours (kind, id, schema, name, full_name)`: what stands in `public` and `private`,
and `callers (role)`: every role that is not the owner.
"""

from __future__ import annotations

from dataclasses import dataclass

OURS = """
with ours as materialized (
    select
        case when c.relkind in ('r', 'p') then 'table' when c.relkind = 'S' then 'sequence'
            when c.relkind = 'i' then 'index' else 'view' end as kind,
        c.oid as id, n.nspname as schema, c.relname as name,
        n.nspname || '.' || c.relname as full_name
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v', 'm', 'S', 'i')
    union all
    select 'function', p.oid, n.nspname, p.proname, n.nspname || '.' || p.proname
    from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
    where n.nspname in ('public', 'private')
),
callers (role) as (values ('anon'), ('authenticated'), ('service_role'), ('worker'), ('webhook'),
    ('mover'))
"""

_TABLE = "create table {} (id uuid primary key, user_id uuid); comment on table {} is 'Probe.';"
PROBE = (
    _TABLE.replace("{}", "public.probes") + "alter table public.probes enable row level security;"
)
_FUNCTION = """
create function {}.probe() returns integer language sql stable security {} {}
as 'select 1';
comment on function {}.probe is 'Probe.';
"""


_PATH = "set search_path = pg_catalog, pg_temp"


def _function(schema: str, security: str = "invoker", path: str = _PATH) -> str:
    return _FUNCTION.format(schema, security, path, schema)


@dataclass(frozen=True)
class Rule:
    """A sentence about the schema, the query for what breaks it, and DDL that breaks it."""

    sentence: str
    offenders: str
    offence: str


TABLES = [
    Rule(
        "every table has row level security",
        "select full_name from ours join pg_class as c on c.oid = id"
        " where kind = 'table' and not c.relrowsecurity",
        _TABLE.replace("{}", "private.probes"),
    ),
    Rule(
        "every table of the API has a policy",
        "select full_name from ours where kind = 'table' and schema = 'public'"
        " and not exists (select from pg_policy where polrelid = id)",
        PROBE,
    ),
    Rule(
        "every table has a primary key",
        "select full_name from ours where kind = 'table'"
        " and not exists (select from pg_constraint where conrelid = id and contype = 'p')",
        "create table private.probes (id uuid);",
    ),
    Rule(
        # No table outlives its account: what is still to be said elsewhere then names nobody.
        "every user_id is an account's: it references accounts and goes with it",
        "select full_name from ours join pg_attribute as a on a.attrelid = id"
        " where kind = 'table' and a.attname = 'user_id' and not exists ("
        "  select from pg_constraint where conrelid = id and contype = 'f' and confdeltype = 'c'"
        "  and confrelid = 'public.accounts'::regclass and conkey = array[a.attnum])",
        PROBE,
    ),
    Rule(
        "every table with a user_id has an index that leads with it",
        "select full_name from ours join pg_attribute as a on a.attrelid = id"
        " where kind = 'table' and a.attname = 'user_id' and not exists ("
        "  select from pg_index where indrelid = id and indkey[0] = a.attnum and indpred is null)",
        _TABLE.replace("{}", "private.probes"),
    ),
    Rule(
        "every row has an account, but for the system's jobs",
        "select full_name from ours join pg_attribute as a on a.attrelid = id"
        " where kind = 'table' and a.attname = 'user_id' and not a.attnotnull"
        " and full_name <> 'public.jobs'",
        PROBE,
    ),
    Rule(
        "what goes with an account is named by user_id",
        "select full_name from ours join pg_constraint as f on f.conrelid = id"
        " join pg_attribute as a on a.attrelid = id and a.attnum = any (f.conkey)"
        " where f.contype = 'f' and f.confrelid = 'public.accounts'::regclass"
        " and f.confdeltype = 'c' and a.attname <> 'user_id'"
        # Few rows each: the organisations of a person.
        " and full_name || '.' || a.attname <> 'private.memberships.person_id'",
        "create table private.probes (owner_id uuid primary key"
        " references public.accounts on delete cascade);",
    ),
    Rule(
        "every table of an account in the API is exported in the order of created_at and id",
        "select full_name from ours join pg_attribute as a on a.attrelid = id"
        " where kind = 'table' and schema = 'public' and a.attname = 'user_id' and ("
        "  select count(*) from pg_attribute as o where o.attrelid = id"
        "  and (o.attname, o.atttypid) in (('created_at', 'timestamptz'::regtype),"
        "   ('id', 'uuid'::regtype)) and o.attnotnull) < 2",
        PROBE,
    ),
    Rule(
        "every foreign key says what happens when its target is deleted",
        "select conname from pg_constraint where contype = 'f' and confdeltype = 'a'"
        " and conrelid in (select id from ours)",
        PROBE + "create table private.others (id uuid references public.probes);",
    ),
    Rule(
        "every foreign key has an index that leads with its columns",
        "select conname from pg_constraint as f where contype = 'f'"
        " and conrelid in (select id from ours) and not exists ("
        "  select from pg_index as i where i.indrelid = f.conrelid and i.indpred is null"
        "  and (i.indkey::smallint [])[0:cardinality(f.conkey) - 1] @> f.conkey)",
        PROBE + "create table private.others (id uuid references public.probes on delete cascade);",
    ),
    Rule(
        "every timestamp has a time zone and a name that ends in _at, or a reason",
        "select full_name || '.' || attname from ours join pg_attribute on attrelid = id"
        " where kind = 'table' and attnum > 0 and not attisdropped and ("
        "  atttypid = 'timestamp'::regtype or atttypid = 'timestamptz'::regtype"
        "  and attname !~ '(_at|_end|_start)$'"
        # Stripe's word for it.
        "  and (name, attname) <> ('stripe_events', 'created'))",
        "create table private.probes (id uuid primary key, made_at timestamp);",
    ),
    Rule(
        "every boolean reads as a statement",
        "select full_name || '.' || attname from ours join pg_attribute on attrelid = id"
        " where kind = 'table' and atttypid = 'bool'::regtype and attname !~ '^(is|has)_'"
        # In the contract: Stripe's word, and a switch.
        " and attname not in ('cancel_at_period_end', 'enabled')",
        "create table private.probes (id uuid primary key, done boolean);",
    ),
    Rule(
        "no column has an enumerated type: states grow",
        "select full_name || '.' || attname from ours join pg_attribute on attrelid = id"
        " join pg_type as t on t.oid = atttypid where typtype = 'e'",
        "create type private.mood as enum ('good');"
        " create table private.probes (id uuid primary key, mood private.mood);",
    ),
    Rule(
        "no sequence stands in the API: keys are random",
        "select full_name from ours where kind = 'sequence' and schema = 'public'",
        "create sequence public.probes_seq;",
    ),
    Rule(
        "no view shows more than its reader may see",
        "select full_name from ours join pg_class as c on c.oid = id where kind = 'view'"
        " and coalesce(array_to_string(reloptions, ','), '') !~ 'security_invoker=(true|on|1)'",
        "create view public.probes as select 1 as one;",
    ),
]

POLICIES = [
    Rule(
        "every policy names its roles",
        "select polname from pg_policy where 0 = any (polroles)",
        PROBE + "create policy probes_select_own on public.probes for select using (true);",
    ),
    Rule(
        "every policy is for one command",
        "select polname from pg_policy where polcmd = '*'",
        PROBE + "create policy probes_all_own on public.probes to authenticated using (true);",
    ),
    Rule(
        "every policy of a table has its own command and role",
        "select string_agg(polname, ', ') from pg_policy, unnest(polroles) as role"
        " where polpermissive group by polrelid, polcmd, role having count(*) > 1",
        PROBE
        + "create policy a on public.probes for select to authenticated using (true);"
        + "create policy b on public.probes for select to authenticated using (true);",
    ),
    Rule(
        "every policy asks for the user once per query, not once per row",
        "select policyname from pg_policies where replace(replace(concat(qual, ' ', with_check),"
        " '( SELECT auth.uid() AS uid)', ''), '(SELECT auth.uid() AS uid)', '') like '%auth.%'",
        PROBE
        + "create policy probes_select_own on public.probes for select to authenticated"
        + " using (user_id = auth.uid());",
    ),
    Rule(
        "every policy on a user's rows compares them with the user",
        "select policyname from pg_policies, lateral (select format("
        "  '(%s = ( SELECT auth.uid() AS uid))',"
        "  case tablename when 'accounts' then 'id' else 'user_id' end) as own) as expected"
        " where 'authenticated' = any (roles) and tablename <> 'plans'"
        " and permissive = 'PERMISSIVE'"
        " and (cmd <> 'INSERT' and qual is distinct from own"
        "  or cmd in ('INSERT', 'UPDATE') and with_check is distinct from own)",
        PROBE
        + "create policy probes_select_own on public.probes for select to authenticated"
        + " using (user_id = (select auth.uid()) or true);",
    ),
    Rule(
        "a viewer writes nothing: each verb that users may write has a policy that asks for a role",
        "select full_name || ' ' || verb from ours, unnest(array['INSERT', 'UPDATE', 'DELETE'])"
        " as verb where kind = 'table' and schema = 'public' and (case verb when 'DELETE'"
        "  then has_table_privilege('authenticated', id, verb)"
        "  else has_any_column_privilege('authenticated', id, verb) end)"
        " and not exists (select from pg_policies where tablename = name and schemaname = schema"
        "  and cmd = verb and permissive = 'RESTRICTIVE' and 'authenticated' = any (roles)"
        "  and coalesce(qual, with_check)"
        "  ~ '^\\( SELECT private.has_role\\(''(editor|admin)''::text\\) AS has_role\\)$')",
        PROBE + "grant delete on public.probes to authenticated;",
    ),
    Rule(
        "what users may call to write, with its owner's rights, asks for a role",
        "select full_name from ours join pg_proc as p on p.oid = id"
        " where kind = 'function' and prosecdef and provolatile = 'v'"
        " and has_function_privilege('authenticated', id, 'execute')"
        # Anybody opens a link, by its secret.
        " and prosrc !~ 'private\\.require_role\\(' and full_name <> 'private.open_share'",
        "create function private.probe() returns integer language sql volatile security definer "
        + _PATH
        + " as 'select 1'; grant execute on function private.probe to authenticated;",
    ),
    Rule(
        "every policy is named after its table, command and who",
        "select policyname from pg_policies where policyname"
        " !~ ('^' || tablename || '_' || lower(cmd) || '_[a-z]+$')",
        PROBE + "create policy mine on public.probes for select to authenticated using (true);",
    ),
]

FUNCTIONS = [
    Rule(
        # Without pg_temp named last, a caller's temporary type stands before the built-in one.
        "every function looks names up in pg_catalog first and in pg_temp last",
        "select full_name from ours join pg_proc as p on p.oid = id where kind = 'function'"
        " and not coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false)",
        _function("private", path=""),
    ),
    Rule(
        "no function of the API runs with its owner's rights",
        "select full_name from ours join pg_proc as p on p.oid = id"
        " where schema = 'public' and prosecdef",
        _function("public", security="definer"),
    ),
    Rule(
        "every function that runs with its owner's rights says why",
        "select full_name from ours join pg_proc as p on p.oid = id where prosecdef"
        " and coalesce(obj_description(id, 'pg_proc'), '') !~ '(Definer|definer)'"
        # Of the job protocol, whose first function speaks for all of it.
        " and not (obj_description('private.claim'::regproc, 'pg_proc') ~ 'all of the protocol'"
        "  and has_function_privilege('worker', id, 'execute'))",
        _function("private", security="definer"),
    ),
    Rule(
        "no function reads or writes with dynamic SQL that is not formatted",
        "select full_name from ours join pg_proc as p on p.oid = id"
        " where prosrc ~ '\\mexecute\\s+(?!\\s|format\\()'",
        "create function private.probe(t text) returns void language plpgsql "
        + _PATH
        + " as $$ begin execute 'select ' || t; end $$;",
    ),
    Rule(
        "no function catches every error",
        "select full_name from ours join pg_proc as p on p.oid = id where prosrc ~ 'when others'",
        "create function private.probe() returns void language plpgsql "
        + _PATH
        + " as $$ begin perform 1; exception when others then null; end $$;",
    ),
    Rule(
        "every trigger is named after its table, its turn and its verb",
        "select tgname from pg_trigger join ours on id = tgrelid where not tgisinternal"
        " and tgname !~ ('^' || name || '_[0-9]{2}_[a-z_]+$')",
        PROBE
        + "create trigger touch before update on public.probes for each row"
        + " execute function private.touch_updated_at();",
    ),
    Rule(
        "every trigger function is private and called by triggers only",
        "select full_name from ours join pg_proc as p on p.oid = id, callers"
        " where prorettype = 'trigger'::regtype"
        " and (schema <> 'private' or has_function_privilege(role, id, 'execute'))",
        "create function public.probe() returns trigger language plpgsql "
        + _PATH
        + " as $$ begin return new; end $$;",
    ),
]

NAMES = [
    Rule(
        "every constraint and index keeps PostgreSQL's pattern",
        "select c.conname from pg_constraint as c join ours on id = conrelid where conname"
        " !~ ('^' || name || '_.*(' || case contype when 'p' then 'pkey' when 'f' then 'fkey'"
        "  when 'u' then 'key' when 'c' then 'check[0-9]*' else 'not_null' end || ')$')"
        " union select i.name from ours as i join pg_index as x on x.indexrelid = i.id"
        " join pg_class as t on t.oid = x.indrelid"
        " where not exists (select from pg_constraint where conindid = i.id)"
        " and i.name !~ ('^' || t.relname || '_.*_(idx|key)$')",
        PROBE + "create index by_user on public.probes (user_id);",
    ),
    Rule(
        "every reference ends in _id or is the key of what it names",
        "select name || '.' || attname from pg_constraint join ours on id = conrelid"
        " join pg_attribute on attrelid = conrelid and attnum = any (conkey)"
        " where contype = 'f' and attname !~ '_id$'"
        " and not exists (select from pg_class where oid = confrelid"
        "  and relname ~ ('^(job_)?' || regexp_replace(attname, '_name$', '') || 's$'))",
        PROBE
        + "create table private.others (id uuid primary key,"
        + " parent uuid references public.probes on delete cascade);",
    ),
    Rule(
        "every schema, table, view and function says what it is",
        "select full_name from ours where kind in ('table', 'view', 'function')"
        " and obj_description(id, case kind when 'function' then 'pg_proc' else 'pg_class' end)"
        "  is null"
        " union select nspname from pg_namespace where nspname = 'private'"
        "  and obj_description(oid, 'pg_namespace') is null",
        "create table private.probes (id uuid primary key);",
    ),
    Rule(
        "every column of the API that may be null says what absence means",
        "select full_name || '.' || attname from ours join pg_attribute on attrelid = id"
        " where kind = 'table' and schema = 'public' and attnum > 0 and not attisdropped"
        " and not attnotnull and col_description(id, attnum) is null",
        PROBE,
    ),
]

GRANTS = [
    Rule(
        "nothing is granted to everybody",
        "select full_name from ours join pg_class as c on c.oid = id, aclexplode(c.relacl) as a"
        " where a.grantee = 0"
        " union select full_name from ours join pg_proc as p on p.oid = id,"
        "  aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a where a.grantee = 0",
        PROBE + "grant select on public.probes to public;",
    ),
    Rule(
        "no role may pass on what it was granted",
        "select full_name from ours join pg_class as c on c.oid = id, aclexplode(c.relacl) as a"
        " where a.is_grantable and a.grantee <> c.relowner",
        PROBE + "grant select on public.probes to service_role with grant option;",
    ),
    Rule(
        "no role may truncate, reference or put triggers on a table",
        "select full_name || ' ' || role from ours, callers where kind = 'table'"
        " and has_table_privilege(role, id, 'truncate, references, trigger')",
        PROBE + "grant all on public.probes to service_role;",
    ),
    Rule(
        "no API role, worker or edge reaches a table or view of private",
        "select full_name || ' ' || role from ours, callers where schema = 'private'"
        " and kind in ('table', 'view') and (has_table_privilege(role, id,"
        "  'select, insert, update, delete') or has_any_column_privilege(role, id,"
        "  'select, insert, update'))",
        _TABLE.replace("{}", "private.probes") + "grant select (id) on private.probes to worker;",
    ),
    Rule(
        "worker and edge reach no table or view of the API either",
        "select full_name || ' ' || role from ours, callers where kind in ('table', 'view')"
        " and role in ('worker', 'webhook', 'mover') and has_any_column_privilege(role, id,"
        "  'select, insert, update')",
        PROBE + "grant select on public.probes to webhook;",
    ),
    Rule(
        "users add and change named columns only",
        "select full_name || ' ' || role from ours, callers where kind = 'table'"
        " and role in ('anon', 'authenticated')"
        " and has_table_privilege(role, id, 'insert, update')",
        PROBE + "grant insert on public.probes to authenticated;",
    ),
    Rule(
        "strangers may call nothing but what answers every request, and the packs behind links",
        "select full_name from ours where kind = 'function'"
        " and has_function_privilege('anon', id, 'execute')"
        " and full_name not in ('private.before_request', 'private.open_share',"
        "  'private.pack_text', 'private.shared_text', 'public.shared_pack',"
        "  'public.shared_pack_markdown', 'public.shared_pack_csv')",
        _function("private") + "grant execute on function private.probe to anon;",
    ),
    Rule(
        "nobody but the owner creates anything in our schemas",
        "select nspname || ' ' || role from pg_namespace, callers"
        " where nspname in ('public', 'private', 'pgmq', 'auth')"
        " and has_schema_privilege(role, nspname, 'create')",
        "grant create on schema private to worker;",
    ),
    Rule(
        "nobody but the owner makes temporary objects",
        "select role from callers, pg_database as d where d.datname = current_database()"
        " and has_database_privilege(role, d.oid, 'temporary')",
        "do $$ begin execute format("
        " 'grant temporary on database %I to worker', current_database()); end $$;",
    ),
    Rule(
        "nobody reaches the queues but through private",
        "select role from callers where has_schema_privilege(role, 'pgmq', 'usage')"
        " union select c.relname || ' ' || role from pg_class as c, callers"
        "  where c.relnamespace = 'pgmq'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')"
        "  and case c.relkind when 'S' then has_sequence_privilege(role, c.oid, 'usage, select')"
        "   else has_table_privilege(role, c.oid, 'select, insert, update, delete') end",
        "grant select on pgmq.q_jobs to service_role;",
    ),
    Rule(
        "our logins belong to no other role",
        "select pg_get_userbyid(member) || ' in ' || pg_get_userbyid(roleid)"
        " from pg_auth_members where pg_get_userbyid(member) in ('worker', 'webhook', 'mover',"
        "  'anon', 'authenticated', 'service_role')",
        "grant authenticator to worker;",
    ),
]

RULES = [*TABLES, *POLICIES, *FUNCTIONS, *NAMES, *GRANTS]
