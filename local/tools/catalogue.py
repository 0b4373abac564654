"""Who may do what in a database, as lines that two databases can be compared by.

The versions of PostgreSQL and pgmq, names of owners and what the platform adds do not show in them.
"""

from __future__ import annotations

import psycopg

from core.database import Row

# Those that anybody can act as, directly or through PostgREST.
_GRANTEES = (
    "PUBLIC",
    "anon",
    "authenticated",
    "service_role",
    "authenticator",
    "worker",
    "webhook",
    "mover",
)
_GRANTS = """
with granted (thing, acl, owner) as (
    select 'schema ' || n.nspname, coalesce(n.nspacl, acldefault('n', n.nspowner)), n.nspowner
    from pg_namespace as n where n.nspname in ('public', 'private', 'pgmq')
    union all
    select
        'table ' || c.oid::regclass,
        coalesce(
            c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner)
        ),
        c.relowner
    from pg_class as c
    where c.relkind in ('r', 'v', 'm', 'S', 'p', 'f') and (
        c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
        or c.oid in (to_regclass('pgmq.q_jobs'), to_regclass('pgmq.a_jobs'))
    )
    union all
    select 'column ' || c.oid::regclass || '.' || t.attname, t.attacl, c.relowner
    from pg_class as c inner join pg_attribute as t on t.attrelid = c.oid
    where t.attacl is not null
        and c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
    union all
    select
        'function ' || p.oid::regprocedure, coalesce(p.proacl, acldefault('f', p.proowner)),
        p.proowner
    from pg_proc as p
    where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
    union all
    select 'database', coalesce(d.datacl, acldefault('d', d.datdba)), d.datdba
    from pg_database as d where d.datname = current_database()
)
select concat_ws(
    ' ', thing, coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC'), a.privilege_type,
    case when a.is_grantable then 'with grant option' end
) as line
from granted, aclexplode(acl) as a
where a.grantee <> owner
    and coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC') = any (%(grantees)s)
    -- Every login may connect. PostgreSQL 17 has one more privilege, which it also grants.
    and not (thing = 'database' and a.privilege_type = 'CONNECT')
    and a.privilege_type <> 'MAINTAIN'
"""
_GUARDS = """
select concat_ws(
    ' ', 'row security of', c.oid::regclass, case when c.relrowsecurity then 'on' else 'off' end
) as line
from pg_class as c
where c.relkind in ('r', 'p')
    and c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
union all
select concat_ws(
    ' ', 'policy', quote_ident(p.policyname), 'of', p.schemaname || '.' || p.tablename,
    p.permissive, p.cmd, 'to', array_to_string(p.roles, ','),
    md5(regexp_replace(concat(p.qual, ' / ', p.with_check), '\\s+', '', 'g'))
)
from pg_policies as p where p.schemaname in ('public', 'private')
union all
select concat_ws(
    ' ', 'function', p.oid::regprocedure, case when p.prosecdef then 'definer' else 'invoker' end,
    p.provolatile, array_to_string(p.proconfig, ','), md5(p.prosrc)
)
from pg_proc as p
where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
union all
select concat_ws(
    ' ', 'trigger', t.tgname, 'of', t.tgrelid::regclass, 'type', t.tgtype, 'calls',
    t.tgfoid::regproc, case t.tgenabled when 'O' then 'on' when 'A' then 'on' else 'off' end
)
from pg_trigger as t inner join pg_class as c on t.tgrelid = c.oid
where not t.tgisinternal
    and c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
union all
select concat_ws(' ', 'constraint', c.conname, 'of', c.conrelid::regclass, c.contype, c.confdeltype)
from pg_constraint as c
where c.contype in ('p', 'u', 'f', 'c') and c.conrelid <> 0
    and c.connamespace in ('public'::regnamespace, 'private'::regnamespace)
union all
select concat_ws(
    ' ', 'login', r.rolname, case when r.rolsuper then 'superuser' end,
    case when r.rolbypassrls then 'bypassrls' end, case when r.rolinherit then 'inherit' end,
    case when r.rolcreaterole then 'createrole' end, case when not r.rolcanlogin then 'nologin' end
)
from pg_roles as r where r.rolname in ('worker', 'webhook')
union all
select concat_ws(' ', m.member::regrole, 'is a member of', m.roleid::regrole)
from pg_auth_members as m
where m.member in (select r.oid from pg_roles as r where r.rolname in ('worker', 'webhook'))
union all
select concat_ws(' ', 'setting of', s.setrole::regrole, c.setting)
from pg_db_role_setting as s cross join unnest(s.setconfig) as c (setting)
where s.setdatabase in (
    0, (select d.oid from pg_database as d where d.datname = current_database())
)
and (
    s.setrole in (select r.oid from pg_roles as r where r.rolname in ('worker', 'webhook'))
    or c.setting like 'pgrst.db_pre_request=%%'
)
"""


def lines(db: psycopg.Connection[Row]) -> frozenset[str]:
    """One line for each grant, policy, function, trigger, constraint and login."""
    grantees = {"grantees": list(_GRANTEES)}
    with db.transaction():
        # Names are written with their schemas wherever the caller's search path leads.
        db.execute("set local search_path = pg_catalog")
        return frozenset(
            str(row["line"]) for query in (_GRANTS, _GUARDS) for row in db.execute(query, grantees)
        )
