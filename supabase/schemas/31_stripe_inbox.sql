-- The Stripe inbox: events are hints. Each is recorded with the job that looks at Stripe because of
-- it, and ends with what that job saw. Repeated, late and reordered events change nothing.

create table private.stripe_events (
    id text primary key check (id ~ '^evt_[A-Za-z0-9_]{1,250}$'),
    type text not null,
    status text not null default 'received'
    check (status in ('received', 'done', 'ignored', 'orphan')),
    customer_id text,
    object_id text,
    created timestamptz not null,
    is_live boolean not null,
    api_version text,
    body_sha256 text,
    received_at timestamptz not null default now(),
    finished_at timestamptz
);
comment on table private.stripe_events is
'Events received from Stripe, ids only: what they tell is read from Stripe.';
comment on column private.stripe_events.status is
'received: its job has yet to end. done: rows are as fresh as the event. ignored: of no use to
us, or of a customer that is gone.
orphan: its customer is no account''s.';
comment on column private.stripe_events.customer_id is
'Whose event; null until the job finds out (thin events name an object only).';
comment on column private.stripe_events.object_id is
'The object it is about; null if it names none.';
comment on column private.stripe_events.created is 'When it happened at Stripe.';
comment on column private.stripe_events.api_version is
'Version its payload was written in; null for thin events.';
comment on column private.stripe_events.body_sha256 is
'Fingerprint of its text, to notice another text under the same id. Null if reconciliation found the
event.';
comment on column private.stripe_events.finished_at is
'When it left `received`, or was last found to be an orphan; null before.';
create index stripe_events_customer_id_idx on private.stripe_events (customer_id)
where status in ('received', 'orphan');
create index stripe_events_received_at_idx on private.stripe_events (received_at);
alter table private.stripe_events enable row level security;

create function private.record_stripe_event(
    id text,
    type text,
    created bigint,
    is_live boolean,
    api_version text,
    customer_id text,
    object_id text,
    body_sha256 text,
    is_useful boolean
)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_status text := case when record_stripe_event.is_useful then 'received' else 'ignored' end;
begin
    insert into private.stripe_events as e
    (
        id, type, status, customer_id, object_id, created, is_live, api_version, body_sha256,
        finished_at
    )
    values (
        record_stripe_event.id, record_stripe_event.type, v_status,
        record_stripe_event.customer_id, record_stripe_event.object_id,
        to_timestamp(record_stripe_event.created), record_stripe_event.is_live,
        record_stripe_event.api_version, record_stripe_event.body_sha256,
        case when not record_stripe_event.is_useful then now() end
    )
    on conflict on constraint stripe_events_pkey do nothing;
    if not found then
        return (
            select
                case
                    -- Endpoints of two API versions are told the same in two ways.
                    when
                        e.body_sha256 <> record_stripe_event.body_sha256
                        and e.api_version is not distinct from record_stripe_event.api_version
                        then 'changed'
                    else 'duplicate'
                end
            from private.stripe_events as e where e.id = record_stripe_event.id
        );
    end if;
    if v_status = 'received' then
        -- One job per event: sharing a job that runs already could miss this event's change.
        perform private.enqueue(
            'sync_customer', null, null, record_stripe_event.id,
            jsonb_build_object('event_id', record_stripe_event.id)
        );
    end if;
    return v_status;
end;
$$;
comment on function private.record_stripe_event is
'Records an event and queues its job in one transaction; returns received, ignored, duplicate, or
changed for a known id with another text.
Definer: the edge and the reconciliation have no table rights.';
grant execute on function private.record_stripe_event to webhook;
grant execute on function private.record_stripe_event to worker;

create function private.stripe_event(id text)
returns table (status text, customer_id text, object_id text)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select
        e.status,
        e.customer_id,
        e.object_id
    from private.stripe_events as e
    where e.id = stripe_event.id;
end;
comment on function private.stripe_event is
'An event and where its handling stands. Definer: workers have no table rights.';
grant execute on function private.stripe_event to worker;

create function private.attribute_stripe_event(id text, customer_id text)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update private.stripe_events as e set
        customer_id = attribute_stripe_event.customer_id,
        status = case
            when attribute_stripe_event.customer_id is null then 'orphan' else e.status
        end,
        finished_at = case when attribute_stripe_event.customer_id is null then now() end
    where e.id = attribute_stripe_event.id and e.status = 'received';
    return found;
end;
$$;
comment on function private.attribute_stripe_event is
'Says whose event it is; null: its object is gone or has no customer. Definer: workers have no
table rights.';
grant execute on function private.attribute_stripe_event to worker;

create function private.begin_customer_sync(customer_id text)
returns table (event_ids text[], looks integer)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select
        (
            select coalesce(array_agg(e.id), '{}')
            from private.stripe_events as e
            where e.customer_id = begin_customer_sync.customer_id and e.status = 'received'
        ),
        coalesce(
            (
                select c.looks from private.stripe_customers as c
                where c.customer_id = begin_customer_sync.customer_id
            ),
            0
        );
end;
comment on function private.begin_customer_sync is
'The events that a look at Stripe from now on will cover, and the number that its write must name.
Definer: workers and the edge have no table rights.';
grant execute on function private.begin_customer_sync to worker;
grant execute on function private.begin_customer_sync to webhook;

create function private.customer_account(customer_id text, claimed_user_id uuid)
returns uuid
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid;
begin
    select c.user_id into v_user_id from private.stripe_customers as c
    where c.customer_id = customer_account.customer_id;
    if v_user_id is not null then
        return v_user_id;
    end if;
    -- The customer's metadata, which only we write, may name an account that pays as nobody.
    perform private.bind_customer(customer_account.claimed_user_id, customer_account.customer_id);
    select c.user_id into v_user_id from private.stripe_customers as c
    where c.customer_id = customer_account.customer_id;
    return v_user_id;
end;
$$;
comment on function private.customer_account is
'The account that pays as a Stripe customer, bound by the customer''s metadata if need be; null:
nobody''s.';

create function private.upsert_subscriptions(user_id uuid, subscriptions jsonb)
returns void
language sql volatile security invoker set search_path = pg_catalog, pg_temp
begin atomic
    insert into public.subscriptions as s (
        user_id, stripe_subscription_id, plan, status, current_period_start, current_period_end,
        trial_end, past_due_at, cancel_at_period_end, cancel_at, canceled_at, pause_collection
    )
    select
        upsert_subscriptions.user_id,
        seen.id,
        (
            select p.id
            from private.plan_prices as pp inner join public.plans as p on pp.plan = p.id
            where pp.lookup_key = any(seen.lookup_keys)
            order by p.rank desc
            limit 1
        ),
        seen.status,
        to_timestamp(seen.current_period_start),
        to_timestamp(seen.current_period_end),
        to_timestamp(seen.trial_end),
        case
            when seen.status = 'past_due'
                then coalesce(
                    to_timestamp(seen.past_due_at),
                    -- Stripe names no invoice that is due: from when it was first seen so.
                    (
                        select known.past_due_at from public.subscriptions as known
                        where known.stripe_subscription_id = seen.id
                    ),
                    now()
                )
        end,
        seen.cancel_at_period_end,
        to_timestamp(seen.cancel_at),
        to_timestamp(seen.canceled_at),
        seen.pause_collection
    from
        jsonb_to_recordset(upsert_subscriptions.subscriptions)
            as seen (
                id text,
                status text,
                lookup_keys text[],
                current_period_start bigint,
                current_period_end bigint,
                trial_end bigint,
                past_due_at bigint,
                cancel_at_period_end boolean,
                cancel_at bigint,
                canceled_at bigint,
                pause_collection text
            )
    on conflict (stripe_subscription_id) do update set
        user_id = excluded.user_id,
        plan = excluded.plan,
        status = excluded.status,
        current_period_start = excluded.current_period_start,
        current_period_end = excluded.current_period_end,
        trial_end = excluded.trial_end,
        past_due_at = excluded.past_due_at,
        cancel_at_period_end = excluded.cancel_at_period_end,
        cancel_at = excluded.cancel_at,
        canceled_at = excluded.canceled_at,
        pause_collection = excluded.pause_collection;
end;
comment on function private.upsert_subscriptions is
'Writes subscriptions of an account as they were seen at Stripe.';

create function private.finish_customer_sync(
    customer_id text,
    claimed_user_id uuid,
    is_deleted boolean,
    subscriptions jsonb,
    event_ids text[],
    looks integer
)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid := private.customer_account(
        finish_customer_sync.customer_id, finish_customer_sync.claimed_user_id
    );
    v_is_living boolean := case
        when v_user_id is null then not private.is_erased(finish_customer_sync.claimed_user_id)
        else private.lock_account(v_user_id)
    end;
    v_outcome text := case
        when not v_is_living then 'ignored'
        when v_user_id is not null then 'done'
        -- Whom Stripe has deleted pays for nothing: a late event of a replaced customer.
        when finish_customer_sync.is_deleted then 'ignored'
        else 'orphan'
    end;
begin
    if v_outcome = 'done' then
        -- Another look has written since this one began, and may have seen more.
        update private.stripe_customers as c set synced_at = now(), looks = c.looks + 1
        where
            c.customer_id = finish_customer_sync.customer_id
            and c.looks = finish_customer_sync.looks;
        if not found then
            return 'overtaken';
        end if;
        perform private.upsert_subscriptions(v_user_id, finish_customer_sync.subscriptions);
        if finish_customer_sync.is_deleted then
            perform private.forget_customer(finish_customer_sync.customer_id, v_user_id);
        end if;
    elsif not v_is_living and exists (
        select from jsonb_to_recordset(finish_customer_sync.subscriptions) as seen (status text)
        where seen.status not in ('canceled', 'incomplete_expired')
    ) then
        -- Bought at the last moment, by an account that is gone: nobody could ever cancel it.
        perform private.enqueue(
            'erase_account', null, null, finish_customer_sync.customer_id,
            jsonb_build_object('customer_id', finish_customer_sync.customer_id)
        );
    end if;
    update private.stripe_events as e set status = v_outcome, finished_at = now()
    where
        e.id = any (finish_customer_sync.event_ids) and e.status = 'received'
        -- Somebody may have said meanwhile whose customer it is.
        or e.customer_id = finish_customer_sync.customer_id and e.status = 'orphan';
    return v_outcome;
end;
$$;
comment on function private.finish_customer_sync is
'Writes what was seen at Stripe and ends the events it covers, in one transaction; returns done,
orphan, ignored (erased or deleted), or overtaken: another look has written, look again.
Definer: its callers have no table rights.';
grant execute on function private.finish_customer_sync to worker;
grant execute on function private.finish_customer_sync to webhook;

create function private.forget_customer(customer_id text, user_id uuid)
returns void
language sql volatile security invoker set search_path = pg_catalog, pg_temp
begin atomic
    update private.stripe_customers as c set deleted_at = coalesce(c.deleted_at, now())
    where c.customer_id = forget_customer.customer_id;
    -- Stripe ends a deleted customer's subscriptions, and may not list them any more.
    update public.subscriptions as s set
        status = 'canceled',
        canceled_at = coalesce(s.canceled_at, now())
    where
        s.user_id = forget_customer.user_id
        and s.status not in ('canceled', 'incomplete_expired');
end;
comment on function private.forget_customer is
'The customer is gone at Stripe: its subscriptions ended, the rows stay.';

create function private.orphan_events()
returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select count(*) from private.stripe_events as e where e.status = 'orphan';
end;
comment on function private.orphan_events is
'How many events of the last 90 days belong to customers that are no account''s: each is a person
who may have paid and has nothing. Definer: the edge has no table rights.';
grant execute on function private.orphan_events to webhook;

create function private.requeue_billing()
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_jobs uuid [];
begin
    -- Stripe itself keeps events for 30 days.
    select array_agg(private.enqueue(
        'sync_customer', null, null, e.id, jsonb_build_object('event_id', e.id)
    )) into v_jobs
    from (
        select e.id from private.stripe_events as e
        where
            e.status = 'received'
            and e.received_at between now() - interval '30 days' and now() - interval '2 minutes'
        order by e.received_at
        limit 5000
    ) as e;

    select v_jobs || array_agg(private.enqueue(
        'sync_customer', null, null, c.customer_id,
        jsonb_build_object('customer_id', c.customer_id)
    )) into v_jobs
    from (
        select c.customer_id from private.stripe_customers as c
        where
            c.customer_id is not null
            and c.deleted_at is null
            and (
                -- A checkout page is open for 31 minutes: until one look after it has closed.
                c.checked_out_at > coalesce(c.synced_at, '-infinity') - interval '32 minutes'
                -- Events bring the news; a look a day finds what they forgot.
                or coalesce(c.synced_at, '-infinity') < now() - interval '1 day'
                and exists (
                    select from public.subscriptions as s
                    where
                        s.user_id = c.user_id
                        and s.status not in ('canceled', 'incomplete_expired')
                )
                -- Somebody may have sold to anybody in Stripe's dashboard.
                or coalesce(c.synced_at, c.created_at) < now() - interval '30 days'
            )
        order by c.synced_at asc nulls first
        limit 1000
    ) as c;

    -- Whose they are may be said in Stripe's dashboard, which no event of ours tells.
    select v_jobs || array_agg(private.enqueue(
        'sync_customer', null, null, o.customer_id,
        jsonb_build_object('customer_id', o.customer_id)
    )) into v_jobs
    from (
        select e.customer_id from private.stripe_events as e
        where e.status = 'orphan' and e.customer_id is not null
        group by e.customer_id
        having max(e.finished_at) < now() - interval '1 hour'
        order by max(e.finished_at)
        limit 100
    ) as o;
    delete from private.stripe_events as e where e.received_at < now() - interval '90 days';
    return coalesce(cardinality(v_jobs), 0);
end;
$$;
comment on function private.requeue_billing is
'Reconciliation: queues the sync of events left over, of customers whose checkout page was open
since the last look, once an hour of orphans, once a day of those with a live subscription, once a
month of all others.
Returns how many jobs.
Definer: workers have no table rights.';
grant execute on function private.requeue_billing to worker;
