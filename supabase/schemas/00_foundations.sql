-- Foundations for everybody: two schemas, nothing allowed by default, logins with least privilege,
-- errors with a stable code, and what all inserts through the API have in common.

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
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
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

create function private.require_text(
    value text, code text, field text, label text, max_characters integer
)
returns void
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_details jsonb := jsonb_build_object('field', require_text.field);
begin
    if coalesce(btrim(value, E' \t\r\n\u00a0\u200b\ufeff'), '') = '' then
        perform private.fail(422, code, label || ' is missing or empty.', v_details);
    end if;
    if char_length(value) > max_characters then
        perform private.fail(
            422, code, format('%s is longer than %s characters.', label, max_characters), v_details
        );
    end if;
    -- PostgREST stores {"name": {"x": 1}} as the text '{"x": 1}'; nobody means that.
    if private.is_json_container(value) then
        perform private.fail(422, code, label || ' must be text.', v_details);
    end if;
end;
$$;
comment on function private.require_text is
'A text that is missing, empty, too long or none is 422 with this code; details name the field.';
grant execute on function private.require_text to authenticated;
grant execute on function private.require_text to service_role;

create function private.is_json_container(value text)
returns boolean
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    -- Not jsonb, which refuses \u0000 and huge numbers that are valid JSON.
    return value ~ '^\s*[\[{]' and json_typeof(value::json) in ('object', 'array');
exception when invalid_text_representation then
    return false;
end;
$$;
comment on function private.is_json_container is
'Whether a text is a JSON object or array: what PostgREST makes of {"name": {"x": 1}} for a text
column.';
grant execute on function private.is_json_container to authenticated;
grant execute on function private.is_json_container to service_role;

create function private.name_problem(name text)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select case
        -- Characters that nobody sees don't make a name either.
        when name is null or name !~ '[^\s\u00a0\u200b-\u200f\u2060\ufeff]' then 'is missing.'
        when char_length(name) > 200 then 'may have 200 characters at most.'
        when private.is_json_container(name) then 'must be text.'
        when name ~ '[\u0001-\u001f\u007f-\u009f\u2028\u2029]'
            then 'may not contain control characters.'
    end;
end;
comment on function private.name_problem is
'What is wrong with a name, as the end of a sentence; null if nothing.';
grant execute on function private.name_problem to authenticated;
grant execute on function private.name_problem to service_role;

create function private.asks_for_upsert()
returns boolean
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select coalesce(v.headers ->> 'prefer' like '%resolution=%', false)
    from (values (nullif(current_setting('request.headers', true), '')::jsonb)) as v (headers)
$$;
comment on function private.asks_for_upsert is
'Whether the request says what to do with a duplicate; then a trigger must not answer it.';
grant execute on function private.asks_for_upsert to authenticated;
grant execute on function private.asks_for_upsert to service_role;

create function private.number_row()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_row integer := case
        when tg_level = 'ROW' then current_setting('private.row')::integer + 1 else 0
    end;
begin
    perform set_config('private.row', v_row::text, true);
    if v_row > 500 and current_setting('role') = 'authenticated' then
        perform private.fail(
            422, 'too_many_rows', 'One request may add 500 rows at most.', '{"limit": 500}'
        );
    end if;
    return new;
end;
$$;
comment on function private.number_row is
'Trigger: numbers the rows of an insert, so that a refusal can name its row.
Errors: 422 too_many_rows.';

create function private.settle_id()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_owner uuid;
begin
    -- What isn't the API's has no account, and no quota.
    if auth.uid() is null then
        return new;
    end if;
    -- One insert at a time per account and table: parallel ones see each other's ids, and count
    -- each other.
    perform pg_advisory_xact_lock(hashtextextended(tg_table_name || ' of ' || new.user_id, 0));
    -- Dynamic: the same for each table that takes ids.
    execute format('select t.user_id from public.%I as t where t.id = $1', tg_table_name)
    into v_owner using new.id;
    if v_owner = new.user_id and not private.asks_for_upsert() then
        perform private.fail(
            409, 'already_exists', 'You have already added this.', '{"field": "id"}'
        );
    elsif v_owner <> new.user_id then
        -- As if it were free: the status does not tell that somebody else has it. The id of the new
        -- row does, to whoever already knows the other's.
        new.id := gen_random_uuid();
    end if;
    return new;
end;
$$;
comment on function private.settle_id is
'Trigger: an id that the client chose and the account has already is 409 already_exists, unless the
request says what to do with duplicates. One of another account is replaced by a new one.
Definer: it looks among the rows of all accounts.';

create function private.keep_id()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    new.id := old.id;
    return new;
end;
$$;
comment on function private.keep_id is
'Trigger: the id of a row stays, whatever an upsert by another key sends.';

create function private.touch_updated_at()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    new.updated_at := now();
    return new;
end;
$$;
comment on function private.touch_updated_at is 'Trigger: sets updated_at.';
