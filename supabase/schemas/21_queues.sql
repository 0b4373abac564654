-- Queues: what each has beyond pgmq's tables, which is an index, vacuum settings, and the functions
-- that add and claim its jobs.

create function private.create_queue(queue text)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_member record;
begin
    insert into private.queues (queue) values (create_queue.queue) on conflict do nothing;
    perform pgmq.create(create_queue.queue);
    -- pgmq 1.5 makes its tables members of the extension, and dumps leave those out.
    for v_member in
        select case c.relkind when 'S' then 'sequence' else 'table' end as kind, c.oid::regclass as id
        from pg_depend as d
        inner join pg_class as c on d.objid = c.oid and d.classid = 'pg_class'::regclass
        where d.deptype = 'e' and c.relkind in ('r', 'S')
            and c.relnamespace = 'pgmq'::regnamespace
            and c.relname ~ ('^[qa]_' || create_queue.queue || '(_msg_id_seq)?$')
        order by c.relkind  -- a table's sequence before the table
    loop
        execute format('alter extension pgmq drop %s %s', v_member.kind, v_member.id);
    end loop;
    -- What a queue has beyond pgmq's table. Its claim names the table, and so is planned once
    -- instead of with every call. LANE: the lane that a message stands in. It is '' while
    -- the message sleeps or is leased, so that no claim looks at it in its lane.
    execute replace(replace($template$
-- A job is an insert, some updates and a delete: vacuum by count, not by share of the table.
alter table pgmq.a_QUEUE enable row level security;
alter table pgmq.q_QUEUE enable row level security, set (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0
), inherit private.messages;
create index q_QUEUE_lane_vt_idx on pgmq.q_QUEUE ((LANE), (least(read_ct, 1)), vt);
create or replace function private.claim_QUEUE(
    quantity integer, lease_seconds integer, cursor text, busy_lanes text []
)
returns setof private.turn
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
-- Plans are made while the table may be empty, and kept: they must suit a million rows.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
as $body$
declare
    -- This bounds an index scan; clock_timestamp() in its place would read every row.
    v_now timestamptz := statement_timestamp();
    v_words text [] := string_to_array(cursor, '|');
    v_lane text := coalesce(v_words[1], '');
    v_credit integer := coalesce(v_words[2]::integer, 0);
    v_floor timestamptz := coalesce(v_words[3]::timestamptz, '-infinity');
    v_seen timestamptz := coalesce(v_words[4]::timestamptz, '-infinity');
    v_seen_xid xid8 := coalesce(v_words[5], '0')::xid8;
    v_asleep timestamptz := coalesce(v_words[6]::timestamptz, '-infinity');
    v_look_at timestamptz := coalesce(v_words[7]::timestamptz, '-infinity');
    v_is_quiet boolean := false;
    v_snapshot pg_snapshot := pg_current_snapshot();
    v_oldest timestamptz;
    v_risen bigint [] := '{}';
    v_start text := v_lane;
    v_until text := 'zz';  -- after any user's id and the system
    v_is_alone boolean := true;
    v_reach integer := quantity + 16 + cardinality(busy_lanes);
    v_taken bigint [];
    v_due bigint [] := '{}';
begin
    -- Beside a snapshot that somebody holds, what has ended stays in the indexes. Nothing due is
    -- older than the floor, so this scan begins there, and the others where it ends. Only clocks
    -- that were set back can hide something below it: all is looked through every minute.
    select m.vt into v_oldest from pgmq.q_QUEUE as m
    where quantity > 0 and m.vt <= v_now
        and m.vt >= case when v_look_at > v_now then v_floor else '-infinity' end
    order by m.vt limit 1;
    if not found or (select q.is_paused from private.queues as q where q.queue = 'QUEUE') then
        return;
    end if;
    -- A message becomes visible some time after its vt. When all has ended that was going on at an
    -- earlier claim, nothing older than that turns up any more.
    if pg_snapshot_xmin(v_snapshot) >= v_seen_xid then
        v_floor := v_seen;
        v_seen := v_now;
        v_seen_xid := pg_snapshot_xmax(v_snapshot);
        v_is_quiet := true;
    end if;
    -- Messages whose delay or lease has ended join their lanes again: the first 1,000 of each kind.
    for v_begun in 0..1 loop
        v_risen := v_risen || array(
            select m.msg_id from pgmq.q_QUEUE as m
            where (LANE, least(m.read_ct, 1), m.vt)
                between (
                    '', v_begun,
                    case when v_look_at > v_now then v_asleep else '-infinity' end
                ) and ('', v_begun, v_now)
            order by LANE, least(m.read_ct, 1), m.vt limit 1000 for update skip locked
        );
    end loop;
    if v_risen <> '{}' then
        update pgmq.q_QUEUE as m set enqueued_at = m.vt where m.msg_id = any (v_risen);
    end if;
    if v_is_quiet and cardinality(v_risen) < 1000 then
        v_asleep := v_floor;
    end if;
    v_floor := least(v_floor, v_oldest);
    v_look_at := case
        when v_look_at > v_now then v_look_at else v_now + interval '1 minute'
    end;
    -- Lanes take turns, each with as many jobs in a row as it has weight, from where the last turn
    -- stopped, one round at most. Reaching over lanes with nothing due is bounded.
    while cardinality(v_due) < quantity and v_reach > 0 loop
        v_reach := v_reach - 1;
        if v_credit <= 0 then
            select LANE, coalesce((m.headers ->> 'weight')::integer, 1)
            into v_lane, v_credit
            from pgmq.q_QUEUE as m
            where LANE > v_lane and LANE < v_until and m.vt >= v_oldest
            order by LANE limit 1;
            if found then
                v_is_alone := false;
            elsif v_until > v_start then
                v_lane := '';
                v_until := v_start;
                continue;
            else
                -- The round ends where it began. Whose work it is alone gets all.
                v_lane := v_start;
                v_credit := case when v_is_alone then quantity else 1 end;
                v_reach := 0;
            end if;
        end if;
        -- What was begun before goes first: a lease that ended must not queue behind the backlog.
        -- Our own locks don't make us skip what we have.
        v_taken := '{}';
        for v_begun in reverse 1..0 loop
            continue when v_lane = any (busy_lanes);
            v_taken := v_taken || array(
                -- Whole rows of the index, so that no plan takes another one.
                select m.msg_id from pgmq.q_QUEUE as m
                where (LANE, least(m.read_ct, 1), m.vt)
                    between (v_lane, v_begun, v_oldest) and (v_lane, v_begun, v_now)
                    and m.msg_id <> all (v_due)
                order by LANE, least(m.read_ct, 1), m.vt
                limit least(v_credit, quantity - cardinality(v_due)) - cardinality(v_taken)
                for update skip locked
            );
        end loop;
        v_due := v_due || v_taken;
        v_credit := case when v_taken <> '{}' then v_credit - cardinality(v_taken) else 0 end;
    end loop;
    -- The oldest due messages fill what is left.
    v_due := v_due || array(
        select m.msg_id from pgmq.q_QUEUE as m
        where m.vt >= v_oldest and m.vt <= v_now and m.msg_id <> all (v_due) and busy_lanes = '{}'
        order by m.vt limit quantity - cardinality(v_due) for update skip locked
    );
    -- Without reach the round has ended, and with it the credit.
    cursor := concat_ws(
        '|', v_lane, least(v_credit, v_reach), v_floor, v_seen, v_seen_xid, v_asleep, v_look_at
    );
    return query
    with free as materialized (
        -- A claim waits for nobody: a job that somebody deletes or ends now is left for later.
        select j.id
        from pgmq.q_QUEUE as m inner join public.jobs as j on (m.message ->> 'job_id')::uuid = j.id
        where m.msg_id = any (v_due) for update of j skip locked
    ), leased as (
        update pgmq.q_QUEUE as m
        set vt = clock_timestamp() + make_interval(secs => lease_seconds), read_ct = m.read_ct + 1
        where m.msg_id = any (v_due) and (
            (m.message ->> 'job_id')::uuid in (select f.id from free as f)
            -- As "not exists" this might be planned as a look through all jobs.
            or (
                select j.id from public.jobs as j where j.id = (m.message ->> 'job_id')::uuid
            ) is null
        )
        returning m.msg_id, m.read_ct, (m.message ->> 'job_id')::uuid as job_id
    ), started as (
        update public.jobs as j set
            crashes = j.crashes + (j.status = 'running')::integer,
            status = 'running',
            stage = 'starting',
            started_at = coalesce(j.started_at, clock_timestamp())
        from leased where j.id = leased.job_id
        returning j.id, j.user_id, j.product_id, j.attempt, j.crashes
    )
    select leased.msg_id, leased.read_ct, leased.job_id, l.kind, s.user_id, s.product_id,
        l.arguments, s.attempt, l.steps, cursor, case
            when l.is_cancelled then 'cancelled'
            when l.job_id is null or s.crashes >= k.max_crashes then 'failed'
        end
    from leased
    left join started as s on leased.job_id = s.id
    left join private.live_jobs as l on leased.job_id = l.job_id
    left join private.job_kinds as k on l.kind = k.kind;
end;
$body$;
comment on function private.claim_QUEUE is 'What private.claim leases from this queue.';
$template$,
    'LANE', $lane$(case when vt <= enqueued_at then headers ->> 'lane' else '' end)$lane$
    ), 'QUEUE', create_queue.queue);
    -- As pgmq.send for our queues, but planned once; made anew with each further queue.
    execute format(
        'create or replace function private.add_message('
        || 'queue text, body jsonb, headers jsonb, due_at timestamptz)'
        || ' returns bigint language plpgsql volatile security invoker'
        || ' set search_path = pg_catalog, pg_temp'
        || ' as $body$ declare v_msg_id bigint; begin case queue %s end case;'
        || ' return v_msg_id; end; $body$',
        (
            select string_agg(
                format(
                    'when %L then insert into pgmq.%I (message, headers, vt, enqueued_at)'
                    || ' values (body, headers, due_at, clock_timestamp())'
                    || ' returning msg_id into v_msg_id;',
                    q.queue, 'q_' || q.queue
                ), ' '
            )
            from private.queues as q
        )
    );
end;
$function$;
comment on function private.create_queue is
'Makes a queue: pgmq''s tables, index and vacuum settings, and the functions that add and claim its
jobs. The tables leave the extension, so that dumps hold them. RLS closes them even if a dashboard
grants them. For migrations.';

select private.create_queue(queue)
from unnest(array['ingestion', 'scripts', 'billing', 'maintenance']) as queue;
comment on function private.add_message is 'Adds a message to a queue and returns its number.';
