-- Cells: whole stacks beside each other (docs/scaling.md). An account lives in exactly one. The
-- directory says in which. Only the database of the first cell has rows in it. Every cell has the
-- functions that move an account. The login `webhook` reads the directory. The login `mover` moves
-- accounts.
--
-- private.accounts.cell_state says whether an account lives here:
--   null    It does, or is a member of an organisation that does.
--   moving  It is about to leave. Reads go on, writes are refused, its jobs wait.
--   moved   It lives in another cell, or has not arrived here yet. All requests are refused.
--
-- A move is a row of private.cell_moves; `step` is the last step that is done. Up to `copied` a
-- killed move copies anew. `redirected` is its one commit: afterwards the move only goes on.

do $$
begin
    create role mover login noinherit;
exception when duplicate_object then
    null;
end;
$$;
alter role mover set statement_timeout = '60s';
alter role mover set lock_timeout = '10s';
alter role mover set idle_in_transaction_session_timeout = '15s';
grant usage on schema private to mover;

create table private.cells (
    id text primary key check (id ~ '^[a-z][a-z0-9_]{0,19}$'),
    api_url text not null check (api_url ~ '^https?://'),
    audience text not null unique check (length(audience) between 1 and 100),
    anon_key text,
    database_secret text check (database_secret ~ '^[A-Za-z0-9_-]{1,100}$'),
    has_room boolean not null default false,
    created_at timestamptz not null default now()
);
comment on table private.cells is
'Directory: the cells. Empty: there is one, and the edge reads no directory.';
comment on column private.cells.api_url is 'Where its PostgREST answers; the exchange names it.';
comment on column private.cells.audience is
'`aud` of the tokens that it accepts, and no other cell.';
comment on column private.cells.anon_key is
'The key that its gateway asks for in the header apikey; null: that of the frontend.';
comment on column private.cells.database_secret is
'The name of the secret with the URL of its database; null: this database.';
comment on column private.cells.has_room is 'Whether new accounts may go there.';
create unique index cells_home_key on private.cells ((database_secret is null))
where database_secret is null;
alter table private.cells enable row level security;

create table private.cell_accounts (
    account_id uuid primary key,
    issuer text not null,
    subject text not null,
    cell_id text not null references private.cells on delete restrict,
    created_at timestamptz not null default now(),
    constraint cell_accounts_issuer_subject_key unique (issuer, subject)
);
comment on table private.cell_accounts is
'Directory: the cell of each account. One without a row lives in this database, if it knows it.';
create index cell_accounts_cell_id_idx on private.cell_accounts (cell_id);
alter table private.cell_accounts enable row level security;

create table private.cell_handles (
    handle text primary key check (length(handle) between 1 and 300),
    account_id uuid not null references private.cell_accounts on delete cascade
);
comment on table private.cell_handles is
'Directory: the account of each handle: a Stripe customer (`cus_…`) or an API key (`key:` and its
SHA-256). The edge learns them from the cells, which have the truth.';
create index cell_handles_account_id_idx on private.cell_handles (account_id);
alter table private.cell_handles enable row level security;

create table private.cell_moves (
    account_id uuid primary key references private.cell_accounts on delete cascade,
    source_cell_id text not null references private.cells on delete restrict,
    target_cell_id text not null references private.cells on delete restrict,
    step text not null default 'begun'
    check (step in ('begun', 'frozen', 'copied', 'redirected', 'arrived', 'departed', 'cleared')),
    begun_at timestamptz not null default now(),
    frozen_at timestamptz,
    arrived_at timestamptz,
    check (source_cell_id <> target_cell_id)
);
comment on table private.cell_moves is
'Directory: the latest move of each account. `cleared` is the last step.';
comment on column private.cell_moves.step is 'The last step that is done.';
comment on column private.cell_moves.frozen_at is
'Since when the account is read-only; null before.';
comment on column private.cell_moves.arrived_at is
'When it could be written again, in its new cell; null before.';
create index cell_moves_source_cell_id_idx on private.cell_moves (source_cell_id);
create index cell_moves_target_cell_id_idx on private.cell_moves (target_cell_id);
alter table private.cell_moves enable row level security;

create type private.cell_place as (
    account_id uuid,
    cell_id text,
    api_url text,
    audience text,
    anon_key text,
    database_secret text
);
comment on type private.cell_place is
'A cell, and the account in it that was asked for; null: no account.';

create function private.cell_place(account_id uuid, cell_id text)
returns private.cell_place
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select
        (
            cell_place.account_id, c.id, c.api_url, c.audience, c.anon_key, c.database_secret
        )::private.cell_place
    from private.cells as c where c.id = cell_place.cell_id;
end;
comment on function private.cell_place is 'An account and what the edge needs of its cell.';

create function private.home_cell()
returns text
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select c.id from private.cells as c where c.database_secret is null;
end;
comment on function private.home_cell is 'The cell of this database; null: none is configured.';

create function private.cell_with_room(subject text)
returns text
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    -- Rendezvous hashing: cells with room share new accounts evenly, and nobody counts.
    select c.id from private.cells as c where c.has_room
    order by hashtextextended(c.id || ' ' || cell_with_room.subject, 0) limit 1;
end;
comment on function private.cell_with_room is
'The cell of a new account with this identity; null: none has room.';

create function private.place_account(issuer text, subject text, default_id uuid)
returns private.cell_place
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_known private.cell_accounts;
    v_id uuid;
    v_cell_id text;
begin
    select a.* into v_known from private.cell_accounts as a
    where a.issuer = place_account.issuer and a.subject = place_account.subject;
    if not found then
        -- An account from before there were cells lives here.
        select a.id, private.home_cell() into v_id, v_cell_id from private.accounts as a
        where a.issuer = place_account.issuer and a.subject = place_account.subject;
        v_cell_id := coalesce(v_cell_id, private.cell_with_room(place_account.subject));
        if v_cell_id is null then
            perform private.fail(
                503, 'no_room', 'There is no room for new accounts right now.',
                headers => '{"Retry-After": "60"}'
            );
        end if;
        -- One of several concurrent first sign-ins decides.
        insert into private.cell_accounts (account_id, issuer, subject, cell_id)
        values (
            coalesce(v_id, place_account.default_id), place_account.issuer, place_account.subject,
            v_cell_id
        )
        on conflict do nothing;
        select a.* into strict v_known from private.cell_accounts as a
        where a.issuer = place_account.issuer and a.subject = place_account.subject;
    end if;
    return private.cell_place(v_known.account_id, v_known.cell_id);
end;
$$;
comment on function private.place_account is
'The account of an identity at the issuer, and its cell. A new identity gets an account in a cell
with room. Errors: 503 no_room. Definer: the edge has no table rights.';
grant execute on function private.place_account to webhook;

create function private.cell_of_account(account_id uuid)
returns private.cell_place
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    return private.cell_place(
        cell_of_account.account_id,
        coalesce(
            (
                select a.cell_id from private.cell_accounts as a
                where a.account_id = cell_of_account.account_id
            ),
            private.home_cell()
        )
    );
end;
$$;
comment on function private.cell_of_account is
'The cell of an account; that of this database for an unknown one. Definer: the edge has no
table rights.';
grant execute on function private.cell_of_account to webhook;

create function private.hold_handle(handle text)
returns private.cell_place
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid := (
        select h.account_id from private.cell_handles as h where h.handle = hold_handle.handle
    );
    v_cell_id text;
begin
    -- This lock holds back the commit of a move. So the caller writes to the cell where the account
    -- lives.
    select a.cell_id into v_cell_id from private.cell_accounts as a
    where a.account_id = v_id for share;
    return private.cell_place(v_id, v_cell_id);
end;
$$;
comment on function private.hold_handle is
'The account of a handle, and its cell; null: unknown. The account stays in that cell until the
transaction ends. Definer: the edge has no table rights.';
grant execute on function private.hold_handle to webhook;

create function private.learn_handle(handle text, account_id uuid)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    -- An account from before there were cells has no row yet.
    insert into private.cell_accounts (account_id, issuer, subject, cell_id)
    select a.id, a.issuer, a.subject, private.home_cell() from private.accounts as a
    where a.id = learn_handle.account_id
    on conflict do nothing;
    insert into private.cell_handles (handle, account_id)
    select learn_handle.handle, a.account_id from private.cell_accounts as a
    where a.account_id = learn_handle.account_id
    on conflict do nothing;
end;
$$;
comment on function private.learn_handle is
'Adds a handle of an account to the directory, if the account is known and the handle is new.
Definer: the edge has no table rights.';
grant execute on function private.learn_handle to webhook;

create function private.all_cells()
returns setof private.cell_place
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select p.*
    from private.cells as c cross join lateral private.cell_place(null, c.id) as p
    order by c.database_secret is not null, c.id;
end;
comment on function private.all_cells is
'Every cell, that of this database first. Definer: edge and mover have no table rights.';
grant execute on function private.all_cells to webhook, mover;

create function private.account_of_customer(customer_id text)
returns uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select c.user_id
        from private.stripe_customers as c inner join private.accounts as a on c.user_id = a.id
        where c.customer_id = account_of_customer.customer_id
            and a.cell_state is distinct from 'moved'
    );
end;
$$;
comment on function private.account_of_customer is
'The account of this cell that pays as a Stripe customer; null: none. Definer: the edge has no table
rights.';
grant execute on function private.account_of_customer to webhook;

grant execute on function private.is_erased to webhook;

create function private.begin_move(account_id uuid, target_cell_id text)
returns private.cell_moves
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_source text;
    v_move private.cell_moves;
begin
    insert into private.cell_accounts (account_id, issuer, subject, cell_id)
    select a.id, a.issuer, a.subject, private.home_cell() from private.accounts as a
    where a.id = begin_move.account_id and a.deleted_at is null
    on conflict do nothing;
    select a.cell_id into v_source from private.cell_accounts as a
    where a.account_id = begin_move.account_id for update;
    if not found then
        raise exception 'The directory knows no account %.', begin_move.account_id;
    end if;
    select m.* into v_move from private.cell_moves as m where m.account_id = begin_move.account_id;
    if v_move.step <> 'cleared' then
        if v_move.target_cell_id <> begin_move.target_cell_id then
            raise exception 'A move to % has begun. Finish it or abort it first.',
                v_move.target_cell_id;
        end if;
        return v_move;
    end if;
    if v_source = begin_move.target_cell_id then
        return v_move;
    end if;
    insert into private.cell_moves as m (account_id, source_cell_id, target_cell_id)
    values (begin_move.account_id, v_source, begin_move.target_cell_id)
    on conflict on constraint cell_moves_pkey do update set
        source_cell_id = excluded.source_cell_id,
        target_cell_id = excluded.target_cell_id,
        step = 'begun',
        begun_at = now(),
        frozen_at = null,
        arrived_at = null
    returning m.* into v_move;
    return v_move;
end;
$$;
comment on function private.begin_move is
'Begins the move of an account to a cell, or returns the one that has begun. Null or step cleared:
it lives there already. Definer: the mover has no table rights.';
grant execute on function private.begin_move to mover;

create function private.record_move(account_id uuid, step text)
returns private.cell_moves
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_move private.cell_moves;
begin
    update private.cell_moves as m set
        step = record_move.step,
        frozen_at = case
            when record_move.step = 'frozen' then coalesce(m.frozen_at, clock_timestamp())
            when record_move.step <> 'begun' then m.frozen_at
        end,
        arrived_at = coalesce(
            m.arrived_at, case when record_move.step = 'arrived' then clock_timestamp() end
        )
    where m.account_id = record_move.account_id
        -- After the commit no step may undo it.
        and (
            m.step in ('begun', 'frozen', 'copied')
            or record_move.step not in ('begun', 'frozen', 'copied')
        )
    returning m.* into strict v_move;
    if record_move.step = 'redirected' then
        update private.cell_accounts as a set cell_id = v_move.target_cell_id
        where a.account_id = record_move.account_id;
    end if;
    return v_move;
end;
$$;
comment on function private.record_move is
'Notes that a step of a move is done. `redirected` names the new cell in the same transaction.
Definer: the mover has no table rights.';
grant execute on function private.record_move to mover;

create function private.require_abortable(account_id uuid)
returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select from private.cell_moves as m
        where m.account_id = require_abortable.account_id
            and m.step in ('begun', 'frozen', 'copied')
    ) then
        raise exception 'The account was redirected, so its move can only go on.';
    end if;
end;
$$;
comment on function private.require_abortable is
'Raises an exception unless a move of the account has begun and was not redirected. Definer: the
mover has no table rights.';
grant execute on function private.require_abortable to mover;

create function private.abort_move(account_id uuid)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.require_abortable(abort_move.account_id);
    delete from private.cell_moves as m where m.account_id = abort_move.account_id;
end;
$$;
comment on function private.abort_move is
'Forgets a move that has not been redirected. Definer: the mover has no table rights.';
grant execute on function private.abort_move to mover;

-- What follows works on the accounts of this cell.

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

create function private.cell_tables()
returns table (name text, depth integer, condition text)
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    with recursive owned as (
        select f.conrelid as id
        from pg_constraint as f
        inner join pg_attribute as a on f.conrelid = a.attrelid and a.attnum = f.conkey[1]
        where f.contype = 'f' and f.confrelid = 'public.accounts'::regclass
            and f.confdeltype = 'c' and a.attname = 'user_id'
    ), places (id, depth, condition) as (
        select o.id, 1, 't.user_id = $1' from owned as o
        union all
        select f.conrelid, p.depth + 1, format(
            't.%I in (select t.%I from %s as t where %s)',
            a.attname, r.attname, p.id::regclass, p.condition
        ) collate "default"
        from places as p
        inner join pg_constraint as f on p.id = f.confrelid
        inner join pg_attribute as a on f.conrelid = a.attrelid and a.attnum = f.conkey[1]
        inner join pg_attribute as r on f.confrelid = r.attrelid and r.attnum = f.confkey[1]
        where f.contype = 'f' and f.confdeltype = 'c' and cardinality(f.conkey) = 1
            and f.conrelid not in (select o.id from owned as o) and p.depth < 10
    )
    (select distinct on (p.id) p.id::regclass::text, p.depth, p.condition
    from places as p order by p.id, p.depth)
    union all
    -- Without a foreign key: they outlive what they are about.
    select * from (values
        (
            'private.stripe_events', 2,
            't.customer_id in (select c.customer_id from private.stripe_customers as c'
            || ' where c.user_id = $1)'
        ),
        (
            'private.source_runs', 2,
            't.job_id in (select j.id from public.jobs as j where j.user_id = $1)'
        )
    ) as v (name, depth, condition)
$$;
comment on function private.cell_tables is
'The tables with rows of an account, found by walking the foreign keys from public.accounts: those
with its user_id (depth 1), and those below them. `condition` chooses its rows as t; $1 is the
account.';

create function private.cell_contents(user_id uuid)
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    v_table record;
    v_rows jsonb;
    v_all jsonb := '{}';
begin
    for v_table in select * from private.cell_tables() loop
        -- Each cell gives a job's message another id.
        execute format(
            'select jsonb_build_array(count(*), md5(string_agg(s.h, '''' order by s.h))) from ('
            || 'select md5((to_jsonb(t) - ''msg_id'')::text) as h from %s as t where %s) as s',
            v_table.name, v_table.condition
        ) into v_rows using cell_contents.user_id;
        v_all := v_all || jsonb_build_object(v_table.name, v_rows);
    end loop;
    return v_all;
end;
$$;
comment on function private.cell_contents is
'For each table [number, hash] of an account''s rows. Two cells with the same answer hold the same
rows. Definer: the mover has no table rights.';
grant execute on function private.cell_contents to mover;

create function private.cell_head(user_id uuid)
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
begin
    return jsonb_build_object(
        'account',
        (select to_jsonb(a) from public.accounts as a where a.id = cell_head.user_id),
        'identity',
        (select to_jsonb(a) from private.accounts as a where a.id = cell_head.user_id),
        'people',
        (
            select coalesce(jsonb_agg(to_jsonb(a) || jsonb_build_object(
                'issuer', i.issuer, 'subject', i.subject
            )), '[]')
            from private.memberships as m
            inner join public.accounts as a on m.person_id = a.id
            inner join private.accounts as i on a.id = i.id
            where m.user_id = cell_head.user_id
        ),
        'stripe_account', (select s.account from private.stripe_account as s)
    );
end;
$$;
comment on function private.cell_head is
'What private.receive_account needs, as JSON: `account` and `identity` (its two rows), `people` (the
members of an organisation), and `stripe_account` (the account at Stripe that this cell sells with).
Definer: the mover has no table rights.';
grant execute on function private.cell_head to mover;

create function private.cell_rows(user_id uuid, name text)
returns setof jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    v_condition text := (
        select t.condition from private.cell_tables() as t where t.name = cell_rows.name
    );
begin
    if cell_rows.name = 'private.live_jobs' then
        return query
        select to_jsonb(l) || jsonb_build_object('fenced_vt', m.headers ->> 'fenced_vt')
        from private.live_jobs as l inner join pgmq.q_jobs as m on l.msg_id = m.msg_id
        where l.tenant = cell_rows.user_id::text;
    else
        return query execute format(
            'select to_jsonb(t) from %s as t where %s', cell_rows.name, v_condition
        ) using cell_rows.user_id;
    end if;
end;
$$;
comment on function private.cell_rows is
'An account''s rows of a table of private.cell_tables. Definer: the mover has no table rights.';
grant execute on function private.cell_rows to mover;

create function private.cell_table_names()
returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select t.name from private.cell_tables() as t order by t.depth, t.name;
end;
comment on function private.cell_table_names is
'The tables of private.cell_tables, each before those that refer to it. Definer: the mover has no
table rights.';
grant execute on function private.cell_table_names to mover;

create function private.wipe_account(user_id uuid)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_table record;
begin
    if private.cell_state(wipe_account.user_id) is distinct from 'moved' then
        raise exception 'Account % may live here.', wipe_account.user_id;
    end if;
    delete from pgmq.q_jobs as m where m.msg_id in (
        select l.msg_id from private.live_jobs as l where l.tenant = wipe_account.user_id::text
    );
    -- Triggers would notify and count. Without them no delete cascades, so the deepest tables come
    -- first.
    execute format('set local session_replication_role = %L', 'replica');
    for v_table in select * from private.cell_tables() as t order by t.depth desc, t.name loop
        execute format('delete from %s as t where %s', v_table.name, v_table.condition)
        using wipe_account.user_id;
    end loop;
    execute format('set local session_replication_role = %L', 'origin');
end;
$$;
comment on function private.wipe_account is
'Deletes all rows of an account that does not live here. No trigger fires.';

create function private.clear_account(user_id uuid)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if private.cell_state(clear_account.user_id) = 'moved' then
        perform private.wipe_account(clear_account.user_id);
    end if;
end;
$$;
comment on function private.clear_account is
'Deletes the rows that a departed account left behind; the tombstone stays. It does nothing for an
account that lives here, or when repeated. Definer: the mover has no table rights.';
grant execute on function private.clear_account to mover;

create function private.receive_account(user_id uuid, head jsonb)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_here private.accounts;
begin
    select a.* into v_here from private.accounts as a
    where a.id = receive_account.user_id for update;
    if v_here.deleted_at is not null then
        raise exception 'Account % was erased here.', receive_account.user_id;
    end if;
    -- A member of an organisation of this cell has an account here, without rows of its own.
    if v_here.id is not null and v_here.cell_state is distinct from 'moved'
        and (v_here.cell_state is not null or private.table_to_empty(v_here.id) is not null) then
        raise exception 'Account % lives here.', receive_account.user_id;
    end if;
    insert into private.stripe_account (account)
    select head ->> 'stripe_account' where head ->> 'stripe_account' is not null
    on conflict do nothing;
    if (select s.account from private.stripe_account as s) <> head ->> 'stripe_account' then
        raise exception 'This cell sells with another account at Stripe.';
    end if;
    insert into private.accounts as a (
        id, issuer, subject, created_at, read_version, named_at, cell_state
    )
    select
        i.id, i.issuer, i.subject, i.created_at, i.read_version, i.named_at, 'moved'
    from jsonb_populate_record(null::private.accounts, head -> 'identity') as i
    where i.id = receive_account.user_id
    on conflict on constraint accounts_pkey do update set
        read_version = excluded.read_version,
        named_at = excluded.named_at,
        cell_state = 'moved';
    insert into public.accounts as a (id, kind, name, created_at, locale)
    select p.id, p.kind, p.name, p.created_at, p.locale
    from jsonb_populate_record(null::public.accounts, head -> 'account') as p
    where p.id = receive_account.user_id
    on conflict on constraint accounts_pkey do update set
        name = excluded.name,
        locale = excluded.locale;
    insert into private.accounts (id, issuer, subject)
    select p.id, p.issuer, p.subject
    from jsonb_populate_recordset(null::private.accounts, head -> 'people') as p
    on conflict do nothing;
    insert into public.accounts (id, kind, name)
    select p.id, p.kind, p.name
    from jsonb_populate_recordset(null::public.accounts, head -> 'people') as p
    on conflict do nothing;
    perform private.wipe_account(receive_account.user_id);
end;
$$;
comment on function private.receive_account is
'Begins the arrival of an account, or begins it anew. Adds the account in the state moved, without
rows. `head` is the answer of private.cell_head. Raises an exception if the account lives here or
was erased. Definer: the mover has no table rights.';
grant execute on function private.receive_account to mover;

create function private.receive_rows(user_id uuid, name text, content jsonb)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_condition text := (
        select t.condition from private.cell_tables() as t where t.name = receive_rows.name
    );
    v_is_strange boolean := true;
    v_columns text;
    v_row jsonb;
    v_msg_id bigint;
begin
    if v_condition is not null
        and private.cell_state(receive_rows.user_id) is not distinct from 'moved' then
        -- What a row refers to has arrived before it.
        execute format(
            'select exists (select from jsonb_populate_recordset(null::%s, $2) as t'
            || ' where (%s) is not true)',
            receive_rows.name, v_condition
        ) into v_is_strange using receive_rows.user_id, content;
    end if;
    if v_is_strange or (
        receive_rows.name = 'private.live_jobs' and exists (
            select from jsonb_array_elements(content) as r (row)
            where r.row ->> 'tenant' is distinct from receive_rows.user_id::text
        )
    ) then
        raise exception 'Account % receives no such rows of % now.',
            receive_rows.user_id, receive_rows.name;
    end if;
    if receive_rows.name = 'private.live_jobs' then
        for v_row in select r.row from jsonb_array_elements(content) as r (row) loop
            insert into pgmq.q_jobs (message, headers, vt, enqueued_at)
            select
                jsonb_build_object('job_id', v_row -> 'job_id'),
                private.message_headers(k.queue, receive_rows.user_id::text)
                || jsonb_build_object('fenced_vt', v_row -> 'fenced_vt'),
                'infinity', clock_timestamp()
            from private.job_kinds as k where k.kind = v_row ->> 'kind'
            returning msg_id into strict v_msg_id;
            content := jsonb_set(
                content,
                array[(
                    select (r.place - 1)::text
                    from jsonb_array_elements(content) with ordinality as r (row, place)
                    where r.row ->> 'job_id' = v_row ->> 'job_id'
                )],
                v_row || jsonb_build_object('msg_id', v_msg_id)
            );
        end loop;
    end if;
    select string_agg(format('%I', a.attname), ', ' order by a.attnum) into v_columns
    from pg_attribute as a
    where a.attrelid = receive_rows.name::regclass and a.attnum > 0 and not a.attisdropped
        and a.attgenerated = '';
    -- The rows have passed all triggers in the other cell. private.missing_reference checks the
    -- foreign keys.
    execute format('set local session_replication_role = %L', 'replica');
    execute format(
        'insert into %1$s (%2$s) select %2$s from jsonb_populate_recordset(null::%1$s, $1)',
        receive_rows.name, v_columns
    ) using content;
    execute format('set local session_replication_role = %L', 'origin');
end;
$$;
comment on function private.receive_rows is
'Adds rows of an account that arrives. Its jobs get messages that nobody claims before
private.settle_account. No trigger fires. Definer: the mover has no table rights.';
grant execute on function private.receive_rows to mover;

create function private.missing_reference(user_id uuid)
returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_key record;
    v_is_missing boolean;
begin
    for v_key in
        select
            f.conname, t.name, t.condition, f.confrelid::regclass as parent,
            string_agg(format('p.%I = t.%I', r.attname, a.attname), ' and ') as pairs,
            string_agg(format('t.%I is not null', a.attname), ' and ') as has_all
        from private.cell_tables() as t
        inner join pg_constraint as f on f.conrelid = t.name::regclass and f.contype = 'f'
        cross join lateral unnest(f.conkey, f.confkey) as k (child, parent)
        inner join pg_attribute as a on f.conrelid = a.attrelid and k.child = a.attnum
        inner join pg_attribute as r on f.confrelid = r.attrelid and k.parent = r.attnum
        group by f.conname, t.name, t.condition, f.confrelid
    loop
        execute format(
            'select exists (select from %s as t where %s and %s'
            || ' and not exists (select from %s as p where %s))',
            v_key.name, v_key.condition, v_key.has_all, v_key.parent, v_key.pairs
        ) into v_is_missing using missing_reference.user_id;
        if v_is_missing then
            return v_key.conname;
        end if;
    end loop;
    return null;
end;
$$;
comment on function private.missing_reference is
'The name of a foreign key that a row of the account breaks here; null: none. This cell may lack a
plan or an encryption key. Definer: the mover has no table rights.';
grant execute on function private.missing_reference to mover;
