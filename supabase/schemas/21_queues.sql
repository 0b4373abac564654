-- The message store and the claim.
--
-- pgmq stores the messages of all queues in one table, pgmq.q_jobs. The headers of a message name
-- its queue, its tenant and its tenant's weight. Two columns of pgmq tell its state:
--   ready      vt <= enqueued_at  It stands in its tenant's line, in the order of vt.
--   scheduled  vt > enqueued_at   It is delayed, snoozed or leased until vt.
-- The first claim after vt makes a scheduled message ready. Each state has indexes of its own, so a
-- claim reads no message that sleeps.

create function private.create_message_store()
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_member record;
begin
    perform pgmq.create('jobs');
    -- pgmq 1.5 makes its tables members of the extension. Dumps leave members out.
    for v_member in
        select case c.relkind when 'S' then 'sequence' else 'table' end as kind, c.oid::regclass as id
        from pg_depend as d
        inner join pg_class as c on d.objid = c.oid and d.classid = 'pg_class'::regclass
        where d.deptype = 'e' and c.relkind in ('r', 'S')
            and c.relnamespace = 'pgmq'::regnamespace and c.relname ~ '^[qa]_jobs(_msg_id_seq)?$'
        order by c.relkind  -- a table's sequence before the table
    loop
        execute format('alter extension pgmq drop %s %s', v_member.kind, v_member.id);
    end loop;
    alter table pgmq.a_jobs enable row level security;
    -- A job is an insert, some updates and a delete: vacuum by count, not by share of the table.
    alter table pgmq.q_jobs enable row level security, set (
        fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0
    );
    -- No query uses pgmq's index on vt alone. A message is in the ready ones or the scheduled one.
    drop index pgmq.q_jobs_vt_idx;
    create index q_jobs_ready_tenant_idx on pgmq.q_jobs (
        (headers ->> 'queue'), (headers ->> 'tenant'), (least(read_ct, 1)), vt
    ) where vt <= enqueued_at;
    create index q_jobs_ready_vt_idx on pgmq.q_jobs ((headers ->> 'queue'), vt)
    where vt <= enqueued_at;
    create index q_jobs_scheduled_vt_idx on pgmq.q_jobs ((headers ->> 'queue'), vt)
    where vt > enqueued_at;
end;
$$;
comment on function private.create_message_store is
'Makes the pgmq queue `jobs` with the indexes and vacuum settings that claims need. The tables leave
the extension, so that dumps hold them. RLS closes them even if a dashboard grants them.';

select private.create_message_store();

create type private.claim_cursor as (
    tenant text,
    weight_left integer,
    floor timestamptz,
    seen_at timestamptz,
    seen_xid xid8,
    full_scan_at timestamptz
);
comment on type private.claim_cursor is
'What a worker hands from one claim of a queue to its next. Null: its first claim.';
comment on column private.claim_cursor.tenant is 'Whose turn it is.';
comment on column private.claim_cursor.weight_left is 'How many more jobs in a row it gets.';
comment on column private.claim_cursor.floor is
'No due message has a lower vt, and none can appear below it: scans may start here.';
comment on column private.claim_cursor.seen_at is
'The time of an earlier claim. It becomes the floor when the transactions of then have finished.';
comment on column private.claim_cursor.seen_xid is
'The first transaction that had not begun at seen_at.';
comment on column private.claim_cursor.full_scan_at is
'When scans ignore the floor again. Only clocks that were set back hide messages below it.';

create type private.claimed_job as (
    msg_id bigint,
    read_ct integer,
    job_id uuid,
    kind text,
    user_id uuid,
    product_id uuid,
    arguments jsonb,
    attempt integer,
    steps jsonb,
    ending text,
    cursor private.claim_cursor,
    trace text,
    created_at timestamptz
);
comment on type private.claimed_job is
'A leased job with its fencing token (msg_id, read_ct). `ending`: the claim ends the job with this
outcome instead of handing it out. `cursor`: for the worker''s next claim. `trace`: the traceparent
of the request that added the job; null without one. `created_at`: when it was added.';

create function private.next_tenant(
    queue text, after text, oldest timestamptz, out tenant text, out weight integer
)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    select m.headers ->> 'tenant', coalesce((m.headers ->> 'weight')::integer, 1)
    into tenant, weight
    from pgmq.q_jobs as m
    where m.headers ->> 'queue' = next_tenant.queue and m.vt <= m.enqueued_at
        and m.headers ->> 'tenant' > next_tenant.after and m.vt >= next_tenant.oldest
    order by m.headers ->> 'tenant' limit 1;
    if not found then
        -- Around to the first one. Its own ended messages are not worth a look if it is alone.
        select m.headers ->> 'tenant', coalesce((m.headers ->> 'weight')::integer, 1)
        into tenant, weight
        from pgmq.q_jobs as m
        where m.headers ->> 'queue' = next_tenant.queue and m.vt <= m.enqueued_at
            and m.headers ->> 'tenant' < next_tenant.after and m.vt >= next_tenant.oldest
        order by m.headers ->> 'tenant' limit 1;
    end if;
    tenant := coalesce(tenant, after);
end;
$$;
comment on function private.next_tenant is
'The tenant whose turn comes after that of `after`, and its weight. The same tenant with a null
weight: no other one has ready messages.';

create function private.take_turns(
    queue text, quantity integer, busy_tenants text[], oldest timestamptz,
    inout cursor private.claim_cursor, out msg_ids bigint[]
)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := statement_timestamp();
    v_visits_left integer := quantity + 16 + cardinality(busy_tenants);
    v_visited text [] := '{}';
    v_next record;
    v_found bigint [];
begin
    msg_ids := '{}';
    while cardinality(msg_ids) < quantity and v_visits_left > 0 loop
        v_visits_left := v_visits_left - 1;
        if coalesce(cursor.weight_left, 0) <= 0 then
            v_next := private.next_tenant(queue, coalesce(cursor.tenant, ''), oldest);
            exit when v_next.tenant = any (v_visited);
            v_visited := v_visited || v_next.tenant;
            -- A tenant that is alone gets the whole claim.
            cursor.weight_left := coalesce(v_next.weight, quantity);
            cursor.tenant := v_next.tenant;
        end if;
        v_found := '{}';
        -- Jobs that had begun before go first: a lease that ended does not wait for the backlog.
        for v_has_begun in reverse 1..0 loop
            continue when cursor.tenant = any (busy_tenants);
            v_found := v_found || array(
                -- Compared as whole rows of the index: no plan can take another index.
                select m.msg_id from pgmq.q_jobs as m
                where m.vt <= m.enqueued_at
                    and (m.headers ->> 'queue', m.headers ->> 'tenant', least(m.read_ct, 1), m.vt)
                    between (take_turns.queue, cursor.tenant, v_has_begun, take_turns.oldest)
                    and (take_turns.queue, cursor.tenant, v_has_begun, v_now)
                    and m.msg_id <> all (msg_ids)
                order by
                    m.headers ->> 'queue', m.headers ->> 'tenant', least(m.read_ct, 1), m.vt
                limit least(cursor.weight_left, quantity - cardinality(msg_ids))
                - cardinality(v_found)
                for update skip locked
            );
        end loop;
        msg_ids := msg_ids || v_found;
        cursor.weight_left := case
            when v_found <> '{}' then cursor.weight_left - cardinality(v_found) else 0
        end;
    end loop;
    -- When the scan budget is used up, the round is over: carry no unused weight into the next
    -- claim.
    cursor.weight_left := least(cursor.weight_left, v_visits_left);
    -- The round is over, but there is room: the oldest messages fill it, whatever their tenant.
    msg_ids := msg_ids || array(
        select m.msg_id from pgmq.q_jobs as m
        where m.headers ->> 'queue' = take_turns.queue and m.vt <= m.enqueued_at
            and m.vt between take_turns.oldest and v_now
            and m.msg_id <> all (msg_ids) and busy_tenants = '{}'
        order by m.vt limit quantity - cardinality(msg_ids) for update skip locked
    );
end;
$$;
comment on function private.take_turns is
'Locks up to `quantity` ready messages and gives their ids. Tenants take turns from where the
cursor stands, for one round at most; each gets as many jobs in a row as it has weight. Messages
that others have locked are skipped. Tenants in `busy_tenants` get nothing.';

create function private.lease(msg_ids bigint[], lease_seconds integer)
returns setof private.claimed_job
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with free as materialized (
        -- A claim waits for nobody: a job that somebody deletes or ends now is left for later.
        select j.id
        from pgmq.q_jobs as m inner join public.jobs as j on (m.message ->> 'job_id')::uuid = j.id
        where m.msg_id = any (lease.msg_ids) for update of j skip locked
    ), leased as (
        update pgmq.q_jobs as m set
            vt = clock_timestamp() + make_interval(secs => lease.lease_seconds),
            read_ct = m.read_ct + 1
        where m.msg_id = any (lease.msg_ids) and (
            (m.message ->> 'job_id')::uuid in (select f.id from free as f)
            -- As "not exists" this might be planned as a look through all jobs.
            or (
                select j.id from public.jobs as j where j.id = (m.message ->> 'job_id')::uuid
            ) is null
        )
        returning
            m.msg_id, m.read_ct, (m.message ->> 'job_id')::uuid as job_id,
            m.headers ->> 'trace' as trace
    ), started as (
        update public.jobs as j set
            crashes = j.crashes + (j.status = 'running')::integer,
            status = 'running',
            stage = 'starting',
            started_at = coalesce(j.started_at, clock_timestamp())
        from leased where j.id = leased.job_id
        returning j.id, j.user_id, j.product_id, j.attempt, j.crashes, j.created_at
    )
    select leased.msg_id, leased.read_ct, leased.job_id, l.kind, s.user_id, s.product_id,
        l.arguments, s.attempt, l.steps,
        case
            when l.is_cancelled then 'cancelled'
            when l.job_id is null or s.crashes >= k.max_crashes then 'failed'
        end,
        null::private.claim_cursor, leased.trace, s.created_at
    from leased
    left join started as s on leased.job_id = s.id
    left join private.live_jobs as l on leased.job_id = l.job_id
    left join private.job_kinds as k on l.kind = k.kind;
end;
$$;
comment on function private.lease is
'Leases locked messages and marks their jobs as running. A job that was running already lost its
worker: that counts as a crash.';

create function private.claim(
    queue text, quantity integer, lease_seconds integer, cursor private.claim_cursor default null,
    busy_tenants text[] default '{}', worker uuid default null
)
returns setof private.claimed_job
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- Sessions plan these statements while the table may be empty and keep the plans, which must suit a
-- million rows. The settings hold in the functions below, too.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
set enable_incremental_sort = off
set plan_cache_mode = force_generic_plan
as $$
declare
    -- A stable bound lets an index scan end there. clock_timestamp() would read every row.
    v_now timestamptz := statement_timestamp();
    v_snapshot pg_snapshot := pg_current_snapshot();
    -- Beyond a minute ahead: the clock was set back since.
    v_is_full boolean := coalesce(
        v_now not between cursor.full_scan_at - interval '1 minute' and cursor.full_scan_at, true
    );
    v_floor timestamptz := case when v_is_full then '-infinity' else cursor.floor end;
    v_oldest timestamptz;
    v_scheduled timestamptz;
    v_turns record;
    v_job private.claimed_job;
    v_claimed integer := 0;
begin
    if (select q.is_paused from private.queues as q where q.queue = claim.queue) then
        return;
    end if;
    -- 1. Finds the oldest due message, and makes scheduled messages ready whose time has come.
    v_oldest := (
        select m.vt from pgmq.q_jobs as m
        where m.headers ->> 'queue' = claim.queue and m.vt <= m.enqueued_at
            and m.vt between v_floor and v_now
        order by m.vt limit 1
    );
    v_scheduled := (
        select m.vt from pgmq.q_jobs as m
        where m.headers ->> 'queue' = claim.queue and m.vt > m.enqueued_at
            and m.vt between v_floor and v_now
        order by m.vt limit 1
    );
    if v_scheduled is not null then
        update pgmq.q_jobs as m set enqueued_at = m.vt
        where m.msg_id = any (array(
            select d.msg_id from pgmq.q_jobs as d
            where d.headers ->> 'queue' = claim.queue and d.vt > d.enqueued_at
                and d.vt between v_scheduled and v_now
            order by d.vt limit 1000 for update skip locked
        ));
        v_oldest := least(v_oldest, v_scheduled);
    end if;
    -- 2. Moves the floor of the next scan. Below it may be index entries of ended messages, which
    -- an old snapshot keeps alive. Rows appear at commit, later than their vt. Once every
    -- transaction of an earlier claim has finished, no older row can still appear, so scans may
    -- start there.
    if pg_snapshot_xmin(v_snapshot) >= coalesce(cursor.seen_xid, '0') then
        cursor.floor := coalesce(cursor.seen_at, '-infinity');
        cursor.seen_at := v_now;
        cursor.seen_xid := pg_snapshot_xmax(v_snapshot);
    end if;
    cursor.floor := least(cursor.floor, v_oldest);
    if v_is_full then
        cursor.full_scan_at := v_now + interval '1 minute';
    end if;
    -- 3. Leases what is due. The last crash that a kind allows fails the job here.
    if v_oldest is not null then
        v_turns := private.take_turns(queue, quantity, busy_tenants, v_oldest, cursor);
        for v_job in select l.* from private.lease(v_turns.msg_ids, lease_seconds) as l loop
            v_claimed := v_claimed + 1;
            if v_job.ending is null then
                v_job.cursor := v_turns.cursor;
                return next v_job;
            else
                perform private.complete(
                    v_job.msg_id, v_job.read_ct, v_job.ending, 'crashed',
                    'This kept stopping unexpectedly, so we gave up on it. We have been told.'
                );
            end if;
        end loop;
    end if;
    -- 4. A worker that got nothing is notified of jobs from now on.
    if worker is not null and v_claimed = 0 then
        perform private.register_waiting_worker(queue, worker, busy_tenants);
    elsif worker is not null and v_claimed < quantity then
        -- It has room for more and looks again by itself: no enqueue has to notify it.
        update private.waiting_workers as w set ends_at = clock_timestamp()
        where w.queue = claim.queue and w.worker = claim.worker and w.ends_at > clock_timestamp();
    end if;
end;
$$;
comment on function private.claim is
'Leases up to `quantity` due jobs of a queue for `lease_seconds`. Tenants take turns; those in
`busy_tenants` sit out. `cursor` comes from the worker''s claim before. A job that crashes its
workers too often fails here, so that no payload kills workers for ever. A `worker` that gets
nothing is notified of jobs from then on. It must look again soon, because jobs added in that moment
notify nobody. Definer, as all of the protocol: workers have no table rights.';
grant execute on function private.claim to worker;
