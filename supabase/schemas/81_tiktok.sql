-- Connecting a TikTok account, using it, and giving it back.

-- Tokens are sealed before they come here; the key is in the environment, never in the database.
create table private.tiktok_connections (
    user_id uuid primary key references public.accounts on delete cascade,
    open_id text not null check (length(open_id) between 1 and 200),
    scopes text not null,
    access_token text not null,
    refresh_token text not null,
    access_ends_at timestamptz not null,
    refresh_ends_at timestamptz not null,
    refreshing_until_at timestamptz,
    connected_at timestamptz not null default now()
);
comment on table private.tiktok_connections is
'The TikTok account of an account here, with sealed tokens.';
comment on column private.tiktok_connections.open_id is
'TikTok''s id of the person, for this application only.';
comment on column private.tiktok_connections.access_token is 'Sealed (Fernet).';
comment on column private.tiktok_connections.refresh_token is 'Sealed (Fernet).';
comment on column private.tiktok_connections.refreshing_until_at is
'Until then one worker fetches new tokens, and the others wait for it; null while nobody does.';
alter table private.tiktok_connections enable row level security;

create table private.tiktok_states (
    state_hash bytea primary key check (length(state_hash) = 32),
    user_id uuid not null references public.accounts on delete cascade,
    verifier text not null,
    created_at timestamptz not null default now()
);
comment on table private.tiktok_states is
'Consents that were asked for at TikTok and not answered yet; each serves once, for ten minutes.';
comment on column private.tiktok_states.state_hash is
'SHA-256 of the state that comes back with the browser.';
comment on column private.tiktok_states.verifier is 'The secret of PKCE, sealed.';
create index tiktok_states_user_id_idx on private.tiktok_states (user_id);
alter table private.tiktok_states enable row level security;

create index tiktok_states_created_at_idx on private.tiktok_states (created_at);

create table private.tiktok_revocations (
    id uuid primary key default gen_random_uuid(),
    access_token text not null,
    refresh_token text not null,
    created_at timestamptz not null default now()
);
comment on table private.tiktok_revocations is
'Sealed tokens that nobody here uses any more, until TikTok has been told; they name no account.';
alter table private.tiktok_revocations enable row level security;
create index tiktok_revocations_created_at_idx on private.tiktok_revocations (created_at);

create function private.own_tiktok()
returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'scopes', c.scopes, 'connected_at', c.connected_at, 'expires_at', c.refresh_ends_at
    )
    from private.tiktok_connections as c where c.user_id = auth.uid()
$$;
comment on function private.own_tiktok is
'The TikTok connection of the account of the token, without its tokens; null without one.
Definer: connections are internal; identity comes from the token.';
grant execute on function private.own_tiktok to authenticated;

create function private.disconnect_tiktok(user_id uuid)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid;
begin
    -- What could not be told to TikTok for a month is no longer kept for it.
    delete from private.tiktok_revocations as r where r.created_at < now() - interval '30 days';
    with gone as (
        delete from private.tiktok_connections as c where c.user_id = disconnect_tiktok.user_id
        returning c.access_token, c.refresh_token
    )
    insert into private.tiktok_revocations (access_token, refresh_token)
    select g.access_token, g.refresh_token from gone as g
    returning id into v_id;
    if v_id is null then
        return false;
    end if;
    perform private.enqueue(
        'revoke_tiktok', null, null, v_id::text, jsonb_build_object('revocation_id', v_id)
    );
    return true;
end;
$$;
comment on function private.disconnect_tiktok is
'Forgets an account''s tokens and queues the job that tells TikTok; false where none was connected.
Definer: the edge has no table rights and names the account of a token it has checked.';
grant execute on function private.disconnect_tiktok to webhook;

create function private.begin_tiktok(user_id uuid, state_hash bytea, verifier text)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not private.lock_account(begin_tiktok.user_id) then
        return false;
    end if;
    delete from private.tiktok_states as s where s.created_at < now() - interval '10 minutes';
    insert into private.tiktok_states (state_hash, user_id, verifier)
    values (begin_tiktok.state_hash, begin_tiktok.user_id, begin_tiktok.verifier);
    return true;
end;
$$;
comment on function private.begin_tiktok is
'Remembers that an account asks TikTok for consent; false for an erased one.
Definer: the edge has no table rights and names the account of a token it has checked.';
grant execute on function private.begin_tiktok to webhook;

create function private.take_tiktok_state(user_id uuid, state_hash bytea)
returns text
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    with taken as (
        delete from private.tiktok_states as s
        where
            s.state_hash = take_tiktok_state.state_hash
            and s.user_id = take_tiktok_state.user_id
        returning s.verifier, s.created_at
    )
    select t.verifier from taken as t
    where t.created_at >= now() - interval '10 minutes'
$$;
comment on function private.take_tiktok_state is
'The sealed PKCE secret of a consent that this account asked for; null if it asked too long ago,
brought it already, or another account did. Definer: the edge has no table rights and names the
account of a token it has checked.';
grant execute on function private.take_tiktok_state to webhook;

create function private.save_tiktok(
    user_id uuid,
    open_id text,
    scopes text,
    access_token text,
    refresh_token text,
    access_seconds integer,
    refresh_seconds integer
)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    -- Either erasure sees this connection, or this sees the tombstone.
    if not private.lock_account(save_tiktok.user_id) then
        return false;
    end if;
    -- Another person's tokens are given back; a revocation would end the same person's new ones.
    if exists (
        select from private.tiktok_connections as c
        where c.user_id = save_tiktok.user_id and c.open_id <> save_tiktok.open_id
    ) then
        perform private.disconnect_tiktok(save_tiktok.user_id);
    end if;
    insert into private.tiktok_connections as c (
        user_id, open_id, scopes, access_token, refresh_token, access_ends_at, refresh_ends_at
    )
    values (
        save_tiktok.user_id, save_tiktok.open_id, save_tiktok.scopes, save_tiktok.access_token,
        save_tiktok.refresh_token, now() + make_interval(secs => save_tiktok.access_seconds),
        now() + make_interval(secs => save_tiktok.refresh_seconds)
    )
    on conflict on constraint tiktok_connections_pkey do update set
        scopes = excluded.scopes,
        access_token = excluded.access_token,
        refresh_token = excluded.refresh_token,
        access_ends_at = excluded.access_ends_at,
        refresh_ends_at = excluded.refresh_ends_at,
        refreshing_until_at = null,
        connected_at = now();
    return true;
end;
$$;
comment on function private.save_tiktok is
'Connects a TikTok account, in place of an earlier one; false for an account that was erased
meanwhile. Definer: the edge has no table rights; the account is the one that asked for consent.';
grant execute on function private.save_tiktok to webhook;

create function private.tiktok_of_job(
    job_id uuid,
    out access_token text,
    out refresh_token text,
    out is_stale boolean,
    out is_over boolean
)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select
        c.access_token,
        c.refresh_token,
        c.access_ends_at < now() + interval '5 minutes',
        c.refresh_ends_at < now() + interval '5 minutes'
    from public.jobs as j inner join private.tiktok_connections as c on j.user_id = c.user_id
    where j.id = tiktok_of_job.job_id;
end;
comment on function private.tiktok_of_job is
'The sealed tokens of a job''s account, nulls without any; is_stale: fetch new ones first; is_over:
only the person can. Definer: workers have no table rights; the account comes from the job.';
grant execute on function private.tiktok_of_job to worker;

create function private.lease_tiktok_refresh(job_id uuid, refresh_token text)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update private.tiktok_connections as c set refreshing_until_at = now() + interval '30 seconds'
    from public.jobs as j
    where
        j.id = lease_tiktok_refresh.job_id
        and c.user_id = j.user_id
        and c.refresh_token = lease_tiktok_refresh.refresh_token
        and coalesce(c.refreshing_until_at < now(), true);
    return found;
end;
$$;
comment on function private.lease_tiktok_refresh is
'Lets one worker at a time fetch new tokens; false: another does, or has. Definer: as above.';
grant execute on function private.lease_tiktok_refresh to worker;

create function private.refresh_tiktok(
    job_id uuid,
    old_refresh_token text,
    access_token text,
    refresh_token text,
    access_seconds integer,
    refresh_seconds integer
)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update private.tiktok_connections as c set
        access_token = refresh_tiktok.access_token,
        refresh_token = refresh_tiktok.refresh_token,
        access_ends_at = now() + make_interval(secs => refresh_tiktok.access_seconds),
        refresh_ends_at = now() + make_interval(secs => refresh_tiktok.refresh_seconds),
        refreshing_until_at = null
    from public.jobs as j
    where
        j.id = refresh_tiktok.job_id
        and c.user_id = j.user_id
        and c.refresh_token = refresh_tiktok.old_refresh_token;
    return found;
end;
$$;
comment on function private.refresh_tiktok is
'Puts new tokens in place of those they were fetched with; false if those are gone. Definer: as
above.';
grant execute on function private.refresh_tiktok to worker;

create function private.drop_tiktok(job_id uuid, refresh_token text)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    delete from private.tiktok_connections as c using public.jobs as j
    where
        j.id = drop_tiktok.job_id
        and c.user_id = j.user_id
        and c.refresh_token = drop_tiktok.refresh_token;
    return found;
end;
$$;
comment on function private.drop_tiktok is
'Forgets tokens that TikTok takes no more, because the person ended it there. Definer: as above.';
grant execute on function private.drop_tiktok to worker;

create function private.tiktok_revocation(id uuid, out access_token text, out refresh_token text)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select
        r.access_token,
        r.refresh_token
    from private.tiktok_revocations as r where r.id = tiktok_revocation.id;
end;
comment on function private.tiktok_revocation is
'The sealed tokens that TikTok is to be told about; nulls once it has been.
Definer: workers have no table rights.';
grant execute on function private.tiktok_revocation to worker;

create function private.end_tiktok_revocation(id uuid)
returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    delete from private.tiktok_revocations as r where r.id = end_tiktok_revocation.id
$$;
comment on function private.end_tiktok_revocation is
'Deletes tokens that TikTok has been told about. Definer: workers have no table rights.';
grant execute on function private.end_tiktok_revocation to worker;
