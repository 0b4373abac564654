-- The roles of a hosted project on PostgreSQL 17, beyond those of platform.sql. Run it after that
-- file, as `supabase_admin`. Roles belong to the cluster, so another database may have made them.
-- What differs from the embedded profile is in docs/deploy.md, "Profiles".

do $$
declare
    v_role text;
begin
    foreach v_role in array array[
        'supabase_privileged_role nologin',
        'supabase_auth_admin login noinherit',
        'supabase_storage_admin login noinherit createrole',
        'supabase_functions_admin login noinherit createrole',
        'supabase_realtime_admin nologin noinherit',
        'supabase_replication_admin login replication',
        'supabase_etl_admin login replication bypassrls',
        'supabase_read_only_user login bypassrls',
        'dashboard_user nologin createdb createrole replication',
        'pgbouncer login',
        -- `supabase db push --linked` logs in as this one and then says `set role postgres`.
        'cli_login_postgres login noinherit'
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
alter role anon inherit; -- noqa: PRS
alter role authenticated inherit; -- noqa: PRS
alter role service_role inherit; -- noqa: PRS

-- From 16 on, whoever grants or alters a role needs the admin option on it.
do $$
declare
    v_role text;
begin
    foreach v_role in array array['anon', 'authenticated', 'service_role', 'authenticator'] loop
        execute format('grant %I to postgres with admin true, inherit true, set true', v_role);
    end loop;
    foreach v_role in array array['pg_monitor', 'pg_read_all_data', 'pg_signal_backend'] loop
        execute format('grant %I to postgres with admin true', v_role);
    end loop;
end;
$$;
grant pg_create_subscription to postgres;
grant supabase_privileged_role to postgres;
grant postgres to cli_login_postgres;
grant authenticator to supabase_storage_admin;
grant pg_read_all_data to supabase_read_only_user;
grant pg_read_all_data to supabase_etl_admin;

alter role authenticator set lock_timeout = '8s';
alter role postgres set search_path = '$user', 'public', 'extensions'; -- noqa: PRS
alter role supabase_admin set search_path = '$user', 'public', 'auth', 'extensions'; -- noqa: PRS
alter role supabase_auth_admin set search_path = 'auth'; -- noqa: PRS
alter role supabase_storage_admin set search_path = 'storage'; -- noqa: PRS
