-- What the database of a hosted project holds before its first migration, beyond platform.sql and
-- as far as this backend meets it. Run it after roles.sql, as `supabase_admin`.

-- PostgreSQL's own owner of `public`: whoever owns the database, here `postgres`.
alter schema public owner to pg_database_owner;
grant usage on schema public to postgres;

create schema if not exists storage;
create schema if not exists realtime;
create schema if not exists vault;
create schema if not exists graphql_public;
do $$
declare
    v_schema text;
begin
    foreach v_schema in array array['storage', 'realtime', 'graphql_public'] loop
        execute format('grant usage on schema %I to anon, authenticated, service_role', v_schema);
    end loop;
end;
$$;
grant usage on schema storage to postgres;
grant usage on schema graphql_public to postgres;
grant usage on schema realtime to postgres with grant option;
grant all on schema auth to supabase_auth_admin;
grant all on schema auth to dashboard_user;
grant all on schema extensions to dashboard_user;

-- Extensions belong to the superuser and live in a schema of their own.
create extension if not exists "uuid-ossp" with schema extensions; -- noqa: RF06
create extension if not exists pgcrypto with schema extensions;
create extension if not exists pg_stat_statements with schema extensions;

create table if not exists auth.users (id uuid primary key, email text, raw_app_meta_data jsonb);
alter table auth.users owner to supabase_auth_admin;
alter function auth.jwt() owner to supabase_auth_admin;
alter function auth.uid() owner to supabase_auth_admin;
alter function auth.role() owner to supabase_auth_admin;

-- The platform's library supautils lets `postgres` add tables to this publication. Here it owns it.
do $$
begin
    create publication supabase_realtime;
exception when duplicate_object then
    null;
end;
$$;
alter publication supabase_realtime owner to postgres;
-- Likewise: supautils gives what `postgres` creates as an extension to `postgres`.
do $$
begin
    execute format('grant create on database %I to postgres', current_database());
end;
$$;

-- What stands there while pg_graphql is off, as in new projects.
create or replace function graphql_public.graphql(
    "operationName" text default null,
    query text default null,
    variables jsonb default null,
    extensions jsonb default null
)
returns jsonb
language sql
as $$
    select '{"errors": [{"message": "pg_graphql extension is not enabled."}]}'::jsonb
$$;
