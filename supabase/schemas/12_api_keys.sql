-- API keys: how servers and agents of an account sign in. The edge exchanges a key for an access
-- token with the claims api_key and account_role. The database keeps only the key's hash.

create table public.api_keys (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.accounts on delete cascade,
    name text not null check (char_length(name) between 1 and 200),
    scopes text[] not null check (scopes in ('{read}', '{read,write}')),
    last_characters text not null check (char_length(last_characters) = 4),
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz not null default now(),
    created_by uuid
);
comment on table public.api_keys is
'The API keys of the account, never their secrets. Admins read it. rpc/create_api_key makes one,
rpc/revoke_api_key ends one. One that ended is deleted after 30 days.';
comment on column public.api_keys.scopes is
'["read"] or ["read", "write"]. With read alone its tokens have the role viewer, with write the role
editor.';
comment on column public.api_keys.last_characters is
'The last four characters of the key, to tell keys apart.';
comment on column public.api_keys.expires_at is 'When the key ends by itself.';
comment on column public.api_keys.last_used_at is
'When it was last exchanged for a token, to the minute; null: never.';
comment on column public.api_keys.revoked_at is
'When it was revoked; null: it was not. Its tokens are refused from then on.';
comment on column public.api_keys.created_by is
'The account of the person who made it; null: that account was erased.';
create index api_keys_user_id_created_at_idx on public.api_keys (user_id, created_at desc);
create index api_keys_end_idx on public.api_keys (least(expires_at, revoked_at));
create index api_keys_created_by_idx on public.api_keys (created_by) where created_by <> user_id;

alter table public.api_keys enable row level security;
create policy api_keys_select_own on public.api_keys
for select to authenticated
using (user_id = (select auth.uid()));
create policy api_keys_select_admin on public.api_keys as restrictive
for select to authenticated
using ((select private.has_role('admin')));

grant select on public.api_keys to authenticated, service_role;

create table private.api_key_hashes (
    key_hash bytea primary key check (length(key_hash) = 32),
    key_id uuid not null unique references public.api_keys on delete cascade
);
comment on table private.api_key_hashes is
'The SHA-256 of each API key. The edge looks keys up by it.';
alter table private.api_key_hashes enable row level security;

create function private.api_key()
returns uuid
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select (v.claims ->> 'api_key')::uuid
    from (values (nullif(current_setting('request.jwt.claims', true), '')::jsonb)) as v (claims)
$$;
comment on function private.api_key is
'The id of the API key that the caller''s token was exchanged for; null: a person, or no request.';
grant execute on function private.api_key to authenticated;

create function private.refuse_api_key()
returns void
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if private.api_key() is not null then
        perform private.fail(
            403, 'api_key_not_allowed', 'An API key may not do this. A person must sign in for it.'
        );
    end if;
end;
$$;
comment on function private.refuse_api_key is
'Refuses a caller with an API key. Errors: 403 api_key_not_allowed.';
grant execute on function private.refuse_api_key to authenticated;

create function private.is_live_key(user_id uuid, key_id uuid)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from public.api_keys as k
        where k.id = is_live_key.key_id and k.user_id = is_live_key.user_id
            and k.revoked_at is null and k.expires_at > now()
    )
$$;
comment on function private.is_live_key is
'Whether a token of an API key still counts: the key was not revoked and has not ended. Definer: the
edge has no table rights.';
grant execute on function private.is_live_key to webhook;

create function private.open_api_key(
    key_hash bytea,
    out key_id uuid, out user_id uuid, out kind text, out account_role text, out scopes text[],
    out expires_at timestamptz
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_key public.api_keys;
begin
    select k.* into v_key
    from private.api_key_hashes as h inner join public.api_keys as k on h.key_id = k.id
    where h.key_hash = open_api_key.key_hash and k.revoked_at is null and k.expires_at > now();
    if not found then
        return;
    end if;
    if private.is_erased(v_key.user_id) then
        perform private.fail(403, 'account_deleted', 'This account has been deleted.');
    end if;
    -- It arrives, or has left its key behind. Null would say that there is no such key.
    if private.cell_state(v_key.user_id) = 'moved' then
        perform private.require_settled(v_key.user_id);
    end if;
    -- Once a minute is enough. A write beside this one would only set the same.
    update public.api_keys as k set last_used_at = now()
    where k.id = v_key.id and coalesce(k.last_used_at < now() - interval '1 minute', true)
        and private.cell_state(v_key.user_id) is null;
    key_id := v_key.id;
    user_id := v_key.user_id;
    kind := (select a.kind from public.accounts as a where a.id = v_key.user_id);
    account_role := case when 'write' = any (v_key.scopes) then 'editor' else 'viewer' end;
    scopes := v_key.scopes;
    expires_at := v_key.expires_at;
end;
$$;
comment on function private.open_api_key is
'The account and the role of a live API key, by the SHA-256 of the key. Notes the use. All null:
there is no such key, or it ended. Errors: 403 account_deleted, 503 account_moving. Definer: the
edge has no table rights.';
grant execute on function private.open_api_key to webhook;

create function private.create_key(
    name text, scopes text[], expires_at timestamptz, out id uuid, out secret text
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_keys integer;
begin
    perform private.require_role('admin');
    perform private.require_name(create_key.name, 'The key''s name');
    if (create_key.scopes <@ '{read,write}' and cardinality(create_key.scopes) > 0) is not true then
        perform private.fail(
            422, 'invalid_scopes', 'The scopes must be read, or read and write.',
            '{"field": "scopes", "reason": "not_allowed", "allowed": ["read", "write"]}'
        );
    end if;
    if (
        create_key.expires_at between now() and now() + interval '366 days'
    ) is not true then
        perform private.fail(
            422, 'invalid_expiry', 'An API key must end within a year, and not in the past.',
            '{"field": "expires_at", "max_days": 366}'
        );
    end if;
    if not private.lock_living_account(auth.uid()) then
        perform private.fail(403, 'account_deleted', 'This account has been deleted.');
    end if;
    -- One at a time for each account, so that parallel requests count each other's keys.
    perform pg_advisory_xact_lock(hashtextextended('api_keys of ' || auth.uid(), 0));
    select count(*) into v_keys from public.api_keys as k
    where k.user_id = auth.uid() and k.revoked_at is null and k.expires_at > now();
    -- Ended ones stay for 30 days.
    if v_keys >= 20
        or (select count(*) from public.api_keys as k where k.user_id = auth.uid()) >= 200 then
        perform private.fail(
            422, 'too_many_keys', 'An account may have 20 API keys at most. Revoke one first.',
            '{"limit": 20}'
        );
    end if;
    -- 244 random bits.
    secret := 'cck_' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
    insert into public.api_keys as k (user_id, name, scopes, last_characters, expires_at, created_by)
    values (
        auth.uid(), btrim(create_key.name),
        case when 'write' = any (create_key.scopes) then '{read,write}'::text[] else '{read}' end,
        right(secret, 4), create_key.expires_at, private.author()
    )
    returning k.id into id;
    insert into private.api_key_hashes (key_hash, key_id)
    values (sha256(convert_to(secret, 'UTF8')), id);
end;
$$;
comment on function private.create_key is
'Makes an API key of the caller''s account. Definer: hashes are internal; identity comes from the
token. Errors: 403 role_not_allowed, 422 invalid_name, invalid_scopes, invalid_expiry,
too_many_keys.';
grant execute on function private.create_key to authenticated;

create function public.create_api_key(
    name text, scopes text[], expires_at timestamptz default null,
    out id uuid, out secret text
)
language sql volatile security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select
        k.id,
        k.secret
    from private.create_key(
        create_api_key.name,
        create_api_key.scopes,
        coalesce(create_api_key.expires_at, now() + interval '90 days')
    ) as k;
end;
comment on function public.create_api_key is
'Makes an API key for a server or an agent, and returns its id and its secret. The secret is shown
this once. Needs the role admin.

scopes are ["read"] or ["read", "write"]. Without expires_at the key ends after 90 days. The key may
be exchanged at POST /auth/session of the edge for an access token. No key may do billing, see or
change members, keys or webhooks, export or delete the account.

Errors: 403 role_not_allowed, impersonation_not_allowed, 422 invalid_name, invalid_scopes,
invalid_expiry, too_many_keys.';
grant execute on function public.create_api_key to authenticated;

create function private.revoke_own_key(id uuid)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.require_role('admin');
    update public.api_keys as k set revoked_at = now()
    where k.id = revoke_own_key.id and k.user_id = auth.uid() and k.revoked_at is null;
    return found or exists (
        select from public.api_keys as k
        where k.id = revoke_own_key.id and k.user_id = auth.uid()
    );
end;
$$;
comment on function private.revoke_own_key is
'Revokes an API key of the caller; false without one. One that was revoked stays as it is. Definer:
users write no keys. Errors: 403 role_not_allowed.';
grant execute on function private.revoke_own_key to authenticated;

create function public.revoke_api_key(id uuid)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if not private.revoke_own_key(revoke_api_key.id) then
        perform private.fail(404, 'not_found', 'There is no such API key.');
    end if;
end;
$$;
comment on function public.revoke_api_key is
'Ends an API key at once: the next request with one of its tokens is refused. Needs the role admin.

Errors: 403 role_not_allowed, 404 not_found.';
grant execute on function public.revoke_api_key to authenticated;
