-- Whether an account lives in this cell, and how it stops, leaves and settles.
--
-- private.accounts.cell_state says whether it lives here:
--   null    It does, or is a member of an organisation that does.
--   moving  It is about to leave. Reads go on, writes are refused, its jobs wait.
--   moved   It lives in another cell, or has not arrived here yet. All requests are refused.

create function private.cell_state(user_id uuid)
returns text
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select a.cell_state from private.accounts as a where a.id = cell_state.user_id;
end;
comment on function private.cell_state is 'moving, moved, or null for an account that lives here.';

create function private.refuse_move(user_id uuid)
returns void
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if private.cell_state(refuse_move.user_id) = 'moved' then
        perform private.fail(
            401, 'account_moved',
            'This account lives in another cell now. Get a new token, which says where.',
            headers => '{"WWW-Authenticate": "Bearer error=\"invalid_token\""}'
        );
    end if;
    -- Not 503: PostgREST would add a Retry-After of its own, 0.
    perform private.fail(
        423, 'account_moving',
        'This account is moving and can only be read for some seconds. Nothing was changed.',
        '{"retry_after_seconds": 2}', '{"Retry-After": "2"}'
    );
end;
$$;
comment on function private.refuse_move is
'Ends the request: 401 account_moved for an account of another cell, 423 account_moving for one that
is about to leave.';

create function private.require_settled(user_id uuid)
returns void
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if private.cell_state(require_settled.user_id) is not null then
        perform private.fail(
            503, 'account_moving', 'This account is moving. Please try again in some seconds.',
            '{"retry_after_seconds": 2}', '{"Retry-After": "2"}'
        );
    end if;
end;
$$;
comment on function private.require_settled is
'Refuses what the edge would write to an account that moves or has moved. Errors: 503
account_moving.';

create function private.fence_jobs(user_id uuid)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    -- These locks wait for workers that save results now. Later ones find a new fencing token.
    perform from pgmq.q_jobs as m
    where m.msg_id in (
        select l.msg_id from private.live_jobs as l where l.tenant = fence_jobs.user_id::text
    )
    order by m.msg_id for update;
    update pgmq.q_jobs as m set
        read_ct = m.read_ct + 1,
        headers = m.headers || jsonb_build_object(
            'fenced_vt', case when j.status = 'running' then now() else m.vt end
        ),
        vt = 'infinity',
        enqueued_at = clock_timestamp()
    from private.live_jobs as l inner join public.jobs as j on l.job_id = j.id
    where l.tenant = fence_jobs.user_id::text and m.msg_id = l.msg_id
        and not m.headers ? 'fenced_vt';
    update public.jobs as j set status = 'queued', stage = 'queued'
    from private.live_jobs as l
    where l.tenant = fence_jobs.user_id::text and j.id = l.job_id and j.status = 'running';
end;
$$;
comment on function private.fence_jobs is
'Ends the leases of an account''s jobs, and lets none be claimed. Running jobs are queued again; no
attempt is counted. `fenced_vt` in the headers of a message keeps when its job is due.';

create function private.release_jobs(user_id uuid)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := clock_timestamp();
begin
    update pgmq.q_jobs as m set
        vt = greatest((m.headers ->> 'fenced_vt')::timestamptz, v_now),
        enqueued_at = v_now,
        headers = m.headers - 'fenced_vt'
    where m.headers ? 'fenced_vt' and m.msg_id in (
        select l.msg_id from private.live_jobs as l where l.tenant = release_jobs.user_id::text
    );
    perform private.call_workers(q.queue, array[release_jobs.user_id::text])
    from (
        select distinct k.queue
        from private.live_jobs as l inner join private.job_kinds as k on l.kind = k.kind
        where l.tenant = release_jobs.user_id::text
    ) as q;
end;
$$;
comment on function private.release_jobs is 'Ends private.fence_jobs: each job is due as before.';

create function private.freeze_account(user_id uuid)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update private.accounts as a set cell_state = 'moving'
    where a.id = freeze_account.user_id and a.deleted_at is null
        and coalesce(a.cell_state, 'moving') = 'moving';
    if not found then
        raise exception 'Account % does not live here.', freeze_account.user_id;
    end if;
end;
$$;
comment on function private.freeze_account is
'Makes an account read-only. Its commit comes before private.await_writer and private.fence_account.
Definer: the mover has no table rights.';
grant execute on function private.freeze_account to mover;

create function private.await_writer(user_id uuid, slot integer)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    -- Each request locks one of its account's slots (private.before_request). Each insert locks
    -- the account's row.
    if await_writer.slot is null then
        perform from public.accounts as a where a.id = await_writer.user_id for update;
    else
        perform pg_advisory_xact_lock(uuid_hash_extended(await_writer.user_id, await_writer.slot));
    end if;
end;
$$;
comment on function private.await_writer is
'Waits for the request in a slot of the account, 0 to 3. Null: waits for inserts that began before
the freeze. Call it once a transaction, or requests find all slots taken. Definer: the mover has no
table rights.';
grant execute on function private.await_writer to mover;

create function private.fence_account(user_id uuid)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if private.cell_state(fence_account.user_id) is distinct from 'moving' then
        raise exception 'Account % is not frozen.', fence_account.user_id;
    end if;
    perform private.fence_jobs(fence_account.user_id);
end;
$$;
comment on function private.fence_account is
'Takes the jobs of a frozen account from their workers. Definer: the mover has no table rights.';
grant execute on function private.fence_account to mover;

create function private.settle_account(user_id uuid, cell_state text)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update private.accounts as a set cell_state = null
    where a.id = settle_account.user_id and a.cell_state = settle_account.cell_state
        and a.deleted_at is null;
    if not found then
        return;
    end if;
    perform private.release_jobs(settle_account.user_id);
    -- Jobs of events belong to the system, so the move left them behind.
    perform private.enqueue(
        'sync_customer', null, null, e.id, jsonb_build_object('event_id', e.id)
    )
    from private.stripe_events as e inner join private.stripe_customers as c
        on e.customer_id = c.customer_id
    where c.user_id = settle_account.user_id and e.status = 'received';
end;
$$;
comment on function private.settle_account is
'Ends a move for this cell: the account lives here. `cell_state` is the state that ends: moved after
an arrival, moving after an abort. Releases the jobs. Repeated, it does nothing. Definer: the mover
has no table rights.';
grant execute on function private.settle_account to mover;

create function private.depart_account(user_id uuid)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update private.accounts as a set cell_state = 'moved'
    where a.id = depart_account.user_id and a.cell_state = 'moving';
end;
$$;
comment on function private.depart_account is
'Leaves the tombstone of an account that lives elsewhere now. Its old tokens are refused. Definer:
the mover has no table rights.';
grant execute on function private.depart_account to mover;
