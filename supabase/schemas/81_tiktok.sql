-- TikTok accounts: connecting one by OAuth, refreshing its tokens, and revoking them.

-- The callers encrypt all tokens. The key is in the environment, never in the database.
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
'The TikTok account that an account has connected, with encrypted tokens.';
comment on column private.tiktok_connections.open_id is
'TikTok''s id of the person, for this application only.';
comment on column private.tiktok_connections.access_token is 'Encrypted (Fernet).';
comment on column private.tiktok_connections.refresh_token is 'Encrypted (Fernet).';
comment on column private.tiktok_connections.refreshing_until_at is
'Until when one worker has the lease to refresh the tokens; null without a lease.';
alter table private.tiktok_connections enable row level security;

create table private.tiktok_states (
    state_hash bytea primary key check (length(state_hash) = 32),
    user_id uuid not null references public.accounts on delete cascade,
    verifier text not null,
    created_at timestamptz not null default now()
);
comment on table private.tiktok_states is
'OAuth states that TikTok has not answered yet. Each is single-use and lives for ten minutes.';
comment on column private.tiktok_states.state_hash is
'SHA-256 of the random state that TikTok sends back with the browser.';
comment on column private.tiktok_states.verifier is 'The PKCE code verifier, encrypted.';
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
'Encrypted tokens that TikTok still has to revoke. They name no account.';
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
'The TikTok connection of the caller, without its tokens; null without one.
Definer: connections are internal; identity comes from the token.';
grant execute on function private.own_tiktok to authenticated;

create function private.disconnect_tiktok(user_id uuid)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid;
begin
    -- Gives up on revocations that failed for a month.
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
'Deletes the connection of an account and queues the job that revokes its tokens. False: none was
connected. Definer: the edge has no table rights, and passes the account of a verified token.';
grant execute on function private.disconnect_tiktok to webhook;

create function private.begin_tiktok(user_id uuid, state_hash bytea, verifier text)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not private.lock_living_account(begin_tiktok.user_id) then
        return false;
    end if;
    delete from private.tiktok_states as s where s.created_at < now() - interval '10 minutes';
    insert into private.tiktok_states (state_hash, user_id, verifier)
    values (begin_tiktok.state_hash, begin_tiktok.user_id, begin_tiktok.verifier);
    return true;
end;
$$;
comment on function private.begin_tiktok is
'Stores the state and the PKCE verifier of an OAuth flow. False: the account is erased.
Definer: the edge has no table rights, and passes the account of a verified token.';
grant execute on function private.begin_tiktok to webhook;

create function private.take_tiktok_state(user_id uuid, state_hash bytea)
returns text
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    with taken as (
        delete from private.tiktok_states as s
        where s.state_hash = take_tiktok_state.state_hash
            and s.user_id = take_tiktok_state.user_id
        returning s.verifier, s.created_at
    )
    select t.verifier from taken as t
    where t.created_at >= now() - interval '10 minutes'
$$;
comment on function private.take_tiktok_state is
'Deletes a state and returns its encrypted PKCE verifier. Null: the state is unknown, expired or
of another account. Definer: the edge has no table rights, and passes the account of a verified
token.';
grant execute on function private.take_tiktok_state to webhook;

create function private.save_tiktok(
    user_id uuid, open_id text, scopes text, access_token text, refresh_token text,
    access_seconds integer, refresh_seconds integer
)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    -- Either the erasure sees this connection, or the lock fails.
    if not private.lock_living_account(save_tiktok.user_id) then
        return false;
    end if;
    -- Revokes only another person's tokens. For the same person that would end the new ones too.
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
'Stores a TikTok connection in place of an earlier one. False: the account is erased. Definer: the
edge has no table rights; the account is the one that began the flow.';
grant execute on function private.save_tiktok to webhook;

create function private.tiktok_of_job(
    job_id uuid, out access_token text, out refresh_token text, out is_stale boolean,
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
'The encrypted tokens of a job''s account, nulls without a connection. is_stale: refresh them
first. is_over: the person must connect again. Definer: workers have no table rights; the account
comes from the job.';
grant execute on function private.tiktok_of_job to worker;

create function private.lease_tiktok_refresh(job_id uuid, refresh_token text)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update private.tiktok_connections as c set refreshing_until_at = now() + interval '30 seconds'
    from public.jobs as j
    where j.id = lease_tiktok_refresh.job_id
        and c.user_id = j.user_id
        and c.refresh_token = lease_tiktok_refresh.refresh_token
        and coalesce(c.refreshing_until_at < now(), true);
    return found;
end;
$$;
comment on function private.lease_tiktok_refresh is
'Takes the lease to refresh tokens, for 30 s. False: another worker has the lease, or has
refreshed them. Definer: workers have no table rights; the account comes from the job.';
grant execute on function private.lease_tiktok_refresh to worker;

create function private.refresh_tiktok(
    job_id uuid, old_refresh_token text, access_token text, refresh_token text,
    access_seconds integer, refresh_seconds integer
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
    where j.id = refresh_tiktok.job_id
        and c.user_id = j.user_id
        and c.refresh_token = refresh_tiktok.old_refresh_token;
    return found;
end;
$$;
comment on function private.refresh_tiktok is
'Replaces tokens by the ones that the old refresh token got. False: the old ones are gone.
Definer: workers have no table rights; the account comes from the job.';
grant execute on function private.refresh_tiktok to worker;

create function private.drop_tiktok(job_id uuid, refresh_token text)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    delete from private.tiktok_connections as c using public.jobs as j
    where j.id = drop_tiktok.job_id
        and c.user_id = j.user_id
        and c.refresh_token = drop_tiktok.refresh_token;
    return found;
end;
$$;
comment on function private.drop_tiktok is
'Deletes a connection whose tokens TikTok refuses, because the person revoked it there. False: it
is gone or has newer tokens. Definer: workers have no table rights; the account comes from the
job.';
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
'The encrypted tokens that TikTok must revoke; nulls once it has. Definer: workers have no table
rights.';
grant execute on function private.tiktok_revocation to worker;

create function private.end_tiktok_revocation(id uuid)
returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    delete from private.tiktok_revocations as r where r.id = end_tiktok_revocation.id
$$;
comment on function private.end_tiktok_revocation is
'Deletes tokens that TikTok has revoked. Definer: workers have no table rights.';
grant execute on function private.end_tiktok_revocation to worker;
