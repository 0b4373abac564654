-- Foundations for everybody: two schemas, nothing allowed by default, logins with least privilege,
-- errors with a stable code, and what runs before each API request.

-- Older projects grant new objects to the API roles by default; ours are granted one by one.
alter default privileges revoke execute on functions from public;
alter default privileges in schema public
revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public
revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public
revoke all on functions from anon, authenticated, service_role;

-- A temporary type or function of a caller's could stand before a built-in one. No login needs any.
do $$
begin
    execute format('revoke temporary on database %I from public', current_database());
end;
$$;

create schema private;
comment on schema private is
'Privileged functions and internal tables. Not exposed by the API; each function is granted by
name.';

-- Roles are cluster-wide: a second database on the same server finds them already there.
do $$
begin
    create role worker login noinherit;
exception when duplicate_object then
    null;
end;
$$;

do $$
begin
    create role webhook login noinherit;
exception when duplicate_object then
    null;
end;
$$;

-- A forgotten transaction must not hold a lock or the vacuum horizon.
alter role worker set statement_timeout = '30s';
alter role worker set lock_timeout = '10s';
alter role worker set idle_in_transaction_session_timeout = '15s';
alter role webhook set statement_timeout = '5s';
alter role webhook set lock_timeout = '3s';
alter role webhook set idle_in_transaction_session_timeout = '5s';

grant usage on schema private to anon;
grant usage on schema private to authenticated;
grant usage on schema private to service_role;
grant usage on schema private to worker;
grant usage on schema private to webhook;

create function private.fail(
    status integer,
    code text,
    message text,
    details jsonb default null,
    headers jsonb default '{}'
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_row integer := nullif(current_setting('private.row', true), '');
begin
    if v_row > 1 and fail.status in (404, 409, 422) then
        details := coalesce(details, '{}') || jsonb_build_object('row', v_row);
    end if;
    -- PostgREST wants `details` to be a string; an object there would be a 500.
    raise sqlstate 'PGRST' using
        message = jsonb_build_object(
            'code', fail.code, 'message', fail.message, 'details', fail.details::text, 'hint', null
        )::text,
        detail = jsonb_build_object('status', fail.status, 'headers', fail.headers)::text;
end;
$$;
comment on function private.fail is
'Ends the request with an HTTP status and a stable code (docs/errors.md); rolls everything back.
From the second row of a bulk insert on, details name the row (private.number_row).';
grant execute on function private.fail to authenticated;
grant execute on function private.fail to service_role;

create function private.touch_updated_at()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    new.updated_at := now();
    return new;
end;
$$;
comment on function private.touch_updated_at is 'Trigger: sets updated_at.';

create function private.refuse_sign_in()
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('role') = 'anon' then
        perform private.fail(
            401, 'not_signed_in', 'Sign in first: this needs an access token.',
            headers => '{"WWW-Authenticate": "Bearer"}'
        );
    end if;
    perform private.fail(
        401, 'invalid_token',
        'This access token lacks an expiry, a subject or our audience, or lives too long.',
        headers => '{"WWW-Authenticate": "Bearer error=\"invalid_token\""}'
    );
end;
$$;
comment on function private.refuse_sign_in is
'Part of the pre-request: 401 not_signed_in without a token, 401 invalid_token with one.';
