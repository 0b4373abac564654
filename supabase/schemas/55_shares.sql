-- Shares: links to a pack for people without an account. A link's secret names its share and holds
-- a key; the database keeps only the key's hash.

create table public.shares (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.accounts on delete cascade,
    pack_id uuid not null references public.virality_packs on delete cascade,
    expires_at timestamptz not null,
    created_at timestamptz not null default now()
);
comment on table public.shares is
'The links to packs that are open to anybody who has them. rpc/share_pack makes one,
rpc/revoke_share ends one. An expired one is deleted after a day.';
comment on column public.shares.expires_at is 'When the link ends by itself.';
create index shares_user_id_created_at_idx on public.shares (user_id, created_at desc);
create index shares_pack_id_idx on public.shares (pack_id);
create index shares_expires_at_idx on public.shares (expires_at);

alter table public.shares enable row level security;
create policy shares_select_own on public.shares
for select to authenticated
using (user_id = (select auth.uid()));

grant select on public.shares to authenticated;
grant select, insert, update, delete on public.shares to service_role;

create table private.share_keys (
    share_id uuid primary key references public.shares on delete cascade,
    key_hash bytea not null check (length(key_hash) = 32),
    window_start timestamptz not null default now(),
    requests integer not null default 0
) with (fillfactor = 50);
comment on table private.share_keys is
'The SHA-256 of the key in each share''s secret, and how often the share was asked for since
window_start, with a right key or a wrong one.';
alter table private.share_keys enable row level security;

create function private.create_share(pack_id uuid, expires_at timestamptz)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    -- 244 random bits.
    v_key text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
    v_id uuid;
    v_shares integer;
begin
    perform private.require_role('editor');
    perform private.refuse_impersonator();
    -- Locks the pack, so that parallel requests count one after the other.
    perform from public.virality_packs as v
    where v.id = create_share.pack_id and v.user_id = auth.uid() for no key update;
    if not found or not private.lock_living_account(auth.uid()) then
        perform private.fail(404, 'not_found', 'There is no such pack.');
    end if;
    if create_share.expires_at not between now() and now() + interval '366 days' then
        perform private.fail(
            422, 'invalid_expiry', 'A link must end within a year, and not in the past.',
            '{"field": "expires_at", "max_days": 366}'
        );
    end if;
    select count(*) into v_shares from public.shares as s
    where s.pack_id = create_share.pack_id and s.expires_at > now();
    if v_shares >= 10 then
        perform private.fail(
            422, 'too_many_shares', 'A pack may have 10 links at most. Revoke one first.',
            '{"limit": 10}'
        );
    end if;
    insert into public.shares (user_id, pack_id, expires_at)
    values (auth.uid(), create_share.pack_id, create_share.expires_at)
    returning id into v_id;
    insert into private.share_keys (share_id, key_hash)
    values (v_id, sha256(convert_to(v_key, 'UTF8')));
    return replace(v_id::text, '-', '') || v_key;
end;
$$;
comment on function private.create_share is
'Opens the caller''s pack to whoever has the returned secret. Definer: keys are internal; identity
comes from the token. Errors: 403 role_not_allowed, impersonation_not_allowed, 404 not_found, 422
invalid_expiry, too_many_shares.';
grant execute on function private.create_share to authenticated;

create function public.share_pack(
    pack_id uuid, expires_at timestamptz default null, out id uuid, out secret text
)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    secret := private.create_share(
        share_pack.pack_id, coalesce(share_pack.expires_at, now() + interval '30 days')
    );
    id := left(secret, 32)::uuid;
end;
$$;
comment on function public.share_pack is
'Makes a link to one of the caller''s packs, and returns its id and its secret. The secret is shown
this once: put it behind the # of the link. Without expires_at the link ends after 30 days.

Errors: 403 role_not_allowed, impersonation_not_allowed, 404 not_found, 422 invalid_expiry,
too_many_shares.';
grant execute on function public.share_pack to authenticated;

create function private.delete_own_share(id uuid)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.require_role('editor');
    delete from public.shares as s where s.id = delete_own_share.id and s.user_id = auth.uid();
    return found;
end;
$$;
comment on function private.delete_own_share is
'Deletes a share of the caller; false without one. Definer: users write no shares. Errors: 403
role_not_allowed.';
grant execute on function private.delete_own_share to authenticated;

create function public.revoke_share(id uuid)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if not private.delete_own_share(revoke_share.id) then
        perform private.fail(404, 'not_found', 'There is no such link.');
    end if;
end;
$$;
comment on function public.revoke_share is
'Ends a link to a pack at once.

Errors: 403 role_not_allowed, 404 not_found.';
grant execute on function public.revoke_share to authenticated;

create function private.shared_document(pack public.virality_packs)
returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'name', pack.name,
        'score', pack.score,
        'created_at', pack.created_at,
        -- inputs has ids, record is about all of the account, engine has costs.
        'configuration', jsonb_set(
            pack.configuration - '{inputs,record,engine}'::text[],
            '{evidence}',
            (
                select coalesce(jsonb_agg(e.item - 'pseudonym' order by e.position), '[]')
                from jsonb_array_elements(pack.configuration -> 'evidence')
                    with ordinality as e (item, position)
            )
        )
    )
$$;
comment on function private.shared_document is
'What a link shows of a pack: nothing about its account, no id and no pseudonym.';

create function private.open_share(secret text)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_share_id uuid;
    v_share record;
    v_pack public.virality_packs;
begin
    if open_share.secret ~ '^[0-9a-f]{96}$' then
        v_share_id := left(open_share.secret, 32)::uuid;
    end if;
    -- Counts the request with a wrong key too: guesses have the same bound. The row lock has
    -- requests for one share wait for each other.
    update private.share_keys as k set
        requests = case
            when k.window_start > now() - interval '1 minute' then k.requests + 1 else 1
        end,
        window_start = case
            when k.window_start > now() - interval '1 minute' then k.window_start else now()
        end
    where k.share_id = v_share_id
    returning k.requests, k.window_start, k.key_hash into v_share;
    if v_share.requests > 60 then
        perform private.fail(
            429, 'rate_limited', 'This link was opened too often. Try again in a minute.',
            jsonb_build_object('limit', 60, 'retry_after_seconds', 60), '{"Retry-After": "60"}'
        );
    end if;
    if v_share.key_hash = sha256(convert_to(substr(open_share.secret, 33), 'UTF8')) then
        select v.* into v_pack
        from public.shares as s
        inner join public.virality_packs as v on s.pack_id = v.id
        inner join private.accounts as a on s.user_id = a.id
        where s.id = v_share_id and s.expires_at > now() and a.deleted_at is null;
    end if;
    if v_pack.id is not null then
        return private.shared_document(v_pack);
    end if;
    -- Not private.fail: it would undo the count.
    perform set_config('response.status', '404', true);
    return jsonb_build_object(
        'code', 'not_found', 'message', 'This link is not, or no longer, valid.',
        'details', null, 'hint', null
    );
end;
$$;
comment on function private.open_share is
'The pack behind a secret, for anybody. A wrong, expired or revoked one is answered 404 not_found,
all alike. Definer: it has no caller. Errors: 429 rate_limited beyond 60 requests a minute for one
share.';
grant execute on function private.open_share to anon, authenticated;

create function public.shared_pack(secret text)
returns jsonb
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    return private.open_share(shared_pack.secret);
end;
$$;
comment on function public.shared_pack is
'The pack behind the secret of a link: name, score, created_at and configuration, without anything
about its account. Anybody may call it, signed in or not. At most 60 calls a minute for one link.

Errors: 404 not_found (also when it has ended or was revoked), 429 rate_limited.';
grant execute on function public.shared_pack to anon, authenticated;
