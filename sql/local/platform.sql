-- Gives a plain PostgreSQL (15 to 18) what hosted Supabase has: roles, auth.*, grants. Run it once
-- for each database, as the superuser `supabase_admin`, before the migrations. Never run it on
-- hosted. Roles belong to the cluster, so another database may have created them.

do $$
declare
    v_role text;
begin
    foreach v_role in array array[
        'anon nologin noinherit',
        'authenticated nologin noinherit',
        'service_role nologin noinherit bypassrls',
        'authenticator login noinherit',
        'postgres login createrole createdb replication bypassrls'
    ]
    loop
        begin
            execute 'create role ' || v_role;
        exception when duplicate_object then
            null;
        end;
    end loop;
end;
$$;

grant anon to authenticator;
grant authenticated to authenticator;
grant service_role to authenticator;
grant anon to postgres;
grant authenticated to postgres;
grant service_role to postgres;
-- As on hosted, `postgres` may see and end the sessions of other roles.
grant pg_monitor to postgres;
grant pg_signal_backend to postgres;

-- As on hosted, `postgres` may set the pre-request function on the role that PostgREST logs in as.
-- Before PostgreSQL 16 grants lack the inherit and set options, so the admin option must do.
do $$
begin
    if current_setting('server_version_num')::integer >= 160000 then
        execute 'grant authenticator to postgres with admin true, inherit false, set false';
    else
        execute 'grant authenticator to postgres with admin option';
    end if;
end;
$$;
do $$
begin
    execute 'grant set on parameter "pgrst.db_pre_request" to postgres';
    execute 'grant set on parameter "pgrst.jwt_aud" to postgres';
    -- On hosted, supautils lets `postgres` set it.
    execute 'grant set on parameter session_replication_role to postgres';
end;
$$;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';

-- As on hosted, `postgres` owns the database, so it may revoke temporary objects.
do $$
begin
    execute format('alter database %I owner to postgres', current_database());
end;
$$;
alter schema public owner to postgres;
revoke create on schema public from public;
grant usage on schema public to anon;
grant usage on schema public to authenticated;
grant usage on schema public to service_role;

create schema if not exists extensions authorization postgres;
grant usage on schema extensions to anon;
grant usage on schema extensions to authenticated;
grant usage on schema extensions to service_role;

create schema if not exists auth;
grant usage on schema auth to anon;
grant usage on schema auth to authenticated;
grant usage on schema auth to service_role;
grant usage on schema auth to postgres;

create or replace function auth.jwt()
returns jsonb
language sql
stable
as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')
    )::jsonb
$$;

create or replace function auth.uid()
returns uuid
language sql
stable
as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
    )::uuid
$$;

create or replace function auth.role()
returns text
language sql
stable
as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim.role', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
    )
$$;

-- As on hosted, PostgREST reloads its schema cache after each change of the schema.
create or replace function extensions.reload_postgrest()
returns event_trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    notify pgrst, 'reload schema';
end;
$$;
drop event trigger if exists pgrst_ddl_watch; -- noqa: PRS
create event trigger pgrst_ddl_watch on ddl_command_end
execute function extensions.reload_postgrest();
drop event trigger if exists pgrst_drop_watch; -- noqa: PRS
create event trigger pgrst_drop_watch on sql_drop
execute function extensions.reload_postgrest();
