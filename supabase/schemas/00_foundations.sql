-- Foundations: schemas without default grants, logins with least privilege, errors with stable
-- codes, the caller's role, and triggers that several tables share.

-- Older projects grant new objects to the API roles by default. Here each grant is explicit.
alter default privileges revoke execute on functions from public;
alter default privileges in schema public
revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public
revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public
revoke all on functions from anon, authenticated, service_role;

-- A temporary type or function could shadow a built-in one. No login needs temporary objects.
do $$
begin
    execute format('revoke temporary on database %I from public', current_database());
end;
$$;

create schema private;
comment on schema private is
'Privileged functions and internal tables. The API does not expose it; each function is granted by
name.';

-- Roles belong to the cluster, so another database may have created them.
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

grant usage on schema private to anon, authenticated, service_role, worker, webhook;

create function private.fail(
    status integer, code text, message text, details jsonb default null, headers jsonb default '{}'
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
    -- PostgREST requires `details` to be a string: an object there is a 500.
    raise sqlstate 'PGRST' using
        message = jsonb_build_object(
            'code', fail.code, 'message', fail.message, 'details', fail.details::text, 'hint', null
        )::text,
        detail = jsonb_build_object('status', fail.status, 'headers', fail.headers)::text;
end;
$$;
comment on function private.fail is
'Ends the request with an HTTP status and a stable code (docs/errors.md), and rolls everything
back. From the second row of a bulk insert on, details name the row (private.admit_row).';
grant execute on function private.fail to authenticated, service_role;

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
        perform private.fail(
            422, code, label || ' is missing or empty.', v_details || '{"reason": "missing"}'
        );
    end if;
    if char_length(value) > max_characters then
        perform private.fail(
            422, code, format('%s is longer than %s characters.', label, max_characters),
            v_details || jsonb_build_object('reason', 'too_long', 'max', max_characters)
        );
    end if;
    -- PostgREST would store {"name": {"x": 1}} as the text '{"x": 1}'.
    if private.is_json_container(value) then
        perform private.fail(
            422, code, label || ' must be text.', v_details || '{"reason": "not_text"}'
        );
    end if;
end;
$$;
comment on function private.require_text is
'Requires a text that is present, not blank, short enough and not a JSON object or array. Errors:
422 with this code; details have field, reason (missing, too_long, not_text) and max.';
grant execute on function private.require_text to authenticated, service_role;

create function private.is_json_container(value text)
returns boolean
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    -- json, because jsonb refuses \u0000 and huge numbers, which are valid JSON.
    return value ~ '^\s*[\[{]' and json_typeof(value::json) in ('object', 'array');
exception when invalid_text_representation then
    return false;
end;
$$;
comment on function private.is_json_container is
'Whether a text is a JSON object or array, as PostgREST stores {"name": {"x": 1}} in a text
column.';
grant execute on function private.is_json_container to authenticated, service_role;

create function private.visible(value text)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    -- Default_Ignorable_Code_Point of Unicode without the variation selectors that emoji use, and
    -- the interlinear marks.
    select
        regexp_replace(
            value,
            '[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e'
            || '\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb'
            || '\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]',
            '',
            'g'
        );
end;
comment on function private.visible is
'A text without characters that nobody sees: zero-width ones, those that turn the direction of text,
fillers, tags. They hide what a text says.';
grant execute on function private.visible to authenticated, service_role;

create function private.hides_something(value text)
returns boolean
language sql immutable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select
        value ~ '[\u0001-\u001f\u007f-\u009f\u2028\u2029]'
        or private.visible(t.rest) <> t.rest
    -- Joiners and direction marks are part of emoji, Persian and Hebrew, tags of the flags of
    -- countries in a country. A soft hyphen or a zero-width space comes along from a page.
    from (values (regexp_replace(
        value,
        '[\u00ad\u061c\u200b-\u200f\u2060\ufeff]'
        || '|\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f',
        '',
        'g'
    ))) as t (rest);
end;
comment on function private.hides_something is
'Whether one line of text has control characters, or invisible ones that no writing needs.';
grant execute on function private.hides_something to authenticated, service_role;

create function private.name_problem(name text, out reason text, out problem text)
language sql immutable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select
        r.reason,
        case r.reason
            when 'missing' then 'is missing.'
            when 'too_long' then 'may have 200 characters at most.'
            when 'not_text' then 'must be text.'
            when 'control_characters' then 'may not contain control or invisible characters.'
        end
    from (values (case
        -- Invisible characters alone are no name.
        when name is null or private.visible(name) !~ '[^\s\u00a0]' then 'missing'
        when char_length(name) > 200 then 'too_long'
        when private.is_json_container(name) then 'not_text'
        when private.hides_something(name) then 'control_characters'
    end)) as r (reason);
end;
comment on function private.name_problem is
'What is wrong with a name, as a reason and as the end of a sentence; nulls if nothing.';
grant execute on function private.name_problem to authenticated, service_role;

create function private.require_name(name text, label text)
returns void
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_problem record;
begin
    select p.* into v_problem from private.name_problem(name) as p;
    if v_problem.reason is not null then
        perform private.fail(
            422, 'invalid_name', label || ' ' || v_problem.problem,
            jsonb_build_object('field', 'name', 'reason', v_problem.reason)
            || case v_problem.reason when 'too_long' then '{"max": 200}' else '{}' end::jsonb
        );
    end if;
end;
$$;
comment on function private.require_name is
'Refuses an invalid name with a sentence that begins with the label. Errors: 422 invalid_name.';
grant execute on function private.require_name to authenticated, service_role;

create function private.asks_for_upsert()
returns boolean
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select coalesce(v.headers ->> 'prefer' like '%resolution=%', false)
    from (values (nullif(current_setting('request.headers', true), '')::jsonb)) as v (headers)
$$;
comment on function private.asks_for_upsert is
'Whether the Prefer header resolves duplicates. Then triggers leave duplicates to the upsert.';
grant execute on function private.asks_for_upsert to authenticated, service_role;

create function private.account_role()
returns text
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select case
        when v.claims ->> 'sub' is null then 'admin'
        when v.claims ? 'impersonator' and v.claims ->> 'account_role' = 'admin' then 'editor'
        else coalesce(v.claims ->> 'account_role', 'viewer')
    end
    from (values (nullif(current_setting('request.jwt.claims', true), '')::jsonb)) as v (claims)
$$;
comment on function private.account_role is
'The role that the caller''s token names: admin, editor or viewer. A token without one is a
viewer''s. Somebody who signed in as another person is an editor at most. Without an account''s
token it is admin: grants alone decide what the owner, the service and workers may.';
grant execute on function private.account_role to authenticated;

create function private.refuse_impersonator()
returns void
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if nullif(current_setting('request.jwt.claims', true), '')::jsonb ? 'impersonator' then
        perform private.fail(
            403, 'impersonation_not_allowed',
            'Somebody who signed in as another person may not do this. That person must.'
        );
    end if;
end;
$$;
comment on function private.refuse_impersonator is
'Refuses a caller who signed in as another person (Clerk''s act). For what outlasts the session:
keys, secrets, links, and all that needs the role admin. Errors: 403 impersonation_not_allowed.';

create function private.has_role(role text)
returns boolean
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select
        coalesce(
            array_position(r.names, private.account_role())
            >= array_position(r.names, has_role.role),
            false
        )
    from (values (array['viewer', 'editor', 'admin'])) as r (names);
end;
comment on function private.has_role is
'Whether the caller may do what needs this role; each role may do what those before it may.
Restrictive policies ask it once a statement. core.config.ROLES has the same order.';
grant execute on function private.has_role to authenticated;

create function private.require_role(role text)
returns void
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if private.has_role(require_role.role) is not true then
        if require_role.role = 'admin' then
            perform private.refuse_impersonator();
        end if;
        perform private.fail(
            403, 'role_not_allowed',
            format(
                'This needs the role %s, and yours is %s.',
                require_role.role, private.account_role()
            ),
            jsonb_build_object('needed', require_role.role, 'role', private.account_role())
        );
    end if;
end;
$$;
comment on function private.require_role is
'Refuses a caller whose role is lower. Errors: 403 role_not_allowed,
impersonation_not_allowed. Functions with their owner''s rights call it first, because policies do
not hold them.';

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
