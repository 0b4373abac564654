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
    body_sha256 text not null,
    received_at timestamptz not null default now(),
    finished_at timestamptz
);
comment on table private.stripe_events is
'Events received from Stripe, ids only: what they tell is read from Stripe.';
comment on column private.stripe_events.status is
'received: its job has yet to end. done: rows are as fresh as the event. ignored: of no use to
us.
orphan: its customer is no account''s.';
comment on column private.stripe_events.customer_id is
'Whose event; null until the job finds out (thin events name an object only).';
comment on column private.stripe_events.object_id is
'The object it is about; null if it names none.';
comment on column private.stripe_events.created is 'When it happened at Stripe.';
comment on column private.stripe_events.api_version is
'Version its payload was written in; null for thin events.';
comment on column private.stripe_events.body_sha256 is
'Fingerprint of the payload, to recognise it in Stripe''s dashboard.';
comment on column private.stripe_events.finished_at is 'When it left `received`; null before.';
create index stripe_events_customer_id_idx on private.stripe_events (customer_id)
where status = 'received';
create index stripe_events_received_at_idx on private.stripe_events (received_at);
alter table private.stripe_events enable row level security;

create table private.billing_notices (
    event_id text primary key references private.stripe_events on delete cascade,
    user_id uuid not null,
    kind text not null,
    created_at timestamptz not null default now()
);
comment on table private.billing_notices is
'What an account should be told (trial ends, payment failed): an outbox, one row per event
however often it comes.';
create index billing_notices_user_id_idx on private.billing_notices (user_id);
alter table private.billing_notices enable row level security;

-- Many small failures: an outage at Stripe of most of a day loses nothing.
insert into private.job_kinds (kind, queue, max_failures, max_crashes)
values ('sync_customer', 'billing', 30, 10), ('reconcile_billing', 'billing', 5, 3);

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
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
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
        return 'duplicate';
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
'Records an event and queues its job in one transaction; returns received, ignored or duplicate.
Definer: the edge and the reconciliation have no table rights.';
grant execute on function private.record_stripe_event to webhook;
grant execute on function private.record_stripe_event to worker;

create function private.stripe_event(id text)
returns table (status text, customer_id text, object_id text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
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
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
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
returns text[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(array_agg(e.id), '{}')
    from private.stripe_events as e
    where e.customer_id = begin_customer_sync.customer_id and e.status = 'received';
end;
comment on function private.begin_customer_sync is
'The events that a look at Stripe from now on will cover. Definer: workers and the edge have no
table rights.';
grant execute on function private.begin_customer_sync to worker;
grant execute on function private.begin_customer_sync to webhook;

create function private.customer_account(customer_id text, claimed_user_id uuid)
returns uuid
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid;
begin
    select c.user_id into v_user_id from private.stripe_customers as c
    where c.customer_id = customer_account.customer_id;
    if v_user_id is not null then
        return v_user_id;
    end if;
    -- The customer's metadata, which only we write, may name an account that pays as nobody yet.
    insert into private.stripe_customers (user_id, customer_id)
    select i.user_id, customer_account.customer_id from private.identities as i
    where i.user_id = customer_account.claimed_user_id and i.deleted_at is null
    limit 1
    on conflict do nothing
    returning user_id into v_user_id;
    return v_user_id;
end;
$$;
comment on function private.customer_account is
'The account that pays as a Stripe customer, bound by the customer''s metadata if need be; null:
nobody''s.';

create function private.upsert_subscriptions(user_id uuid, subscriptions jsonb)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
begin atomic
    insert into public.subscriptions as s (
        user_id, stripe_subscription_id, plan, status, current_period_start, current_period_end,
        trial_end, cancel_at_period_end, cancel_at, canceled_at, pause_collection
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
    event_ids text[]
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid := private.customer_account(
        finish_customer_sync.customer_id, finish_customer_sync.claimed_user_id
    );
    v_outcome text := case
        when v_user_id is null then 'orphan'
        when not private.enter_account(v_user_id) then 'ignored'
        else 'done'
    end;
begin
    if v_outcome = 'done' then
        update private.stripe_customers as c set synced_at = now()
        where c.customer_id = finish_customer_sync.customer_id;
        perform private.upsert_subscriptions(v_user_id, finish_customer_sync.subscriptions);
        if finish_customer_sync.is_deleted then
            perform private.forget_customer(finish_customer_sync.customer_id, v_user_id);
        end if;
        insert into private.billing_notices (event_id, user_id, kind)
        select e.id, v_user_id, e.type from private.stripe_events as e
        where
            e.id = any (finish_customer_sync.event_ids)
            and e.status = 'received'
            and e.type in (
                'customer.subscription.trial_will_end',
                'invoice.payment_failed',
                'invoice.payment_action_required'
            )
        on conflict on constraint billing_notices_pkey do nothing;
    end if;
    update private.stripe_events as e set status = v_outcome, finished_at = now()
    where e.id = any (finish_customer_sync.event_ids) and e.status = 'received';
    return v_outcome;
end;
$$;
comment on function private.finish_customer_sync is
'Writes what was seen at Stripe and ends the events it covers, in one transaction; returns done,
orphan, or ignored (erased).
The caller holds the customer''s advisory lock, so the last look is the last word. Definer: its
callers have no table rights.';
grant execute on function private.finish_customer_sync to worker;
grant execute on function private.finish_customer_sync to webhook;

create function private.forget_customer(customer_id text, user_id uuid)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
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
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
begin atomic
    select count(*) from private.stripe_events as e where e.status = 'orphan';
end;
comment on function private.orphan_events is
'How many events of the last 90 days belong to customers that are no account''s: each is a person
who may have paid and has nothing. Definer: the edge has no table rights.';
grant execute on function private.orphan_events to webhook;

create function private.requeue_billing()
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_jobs uuid [];
begin
    select array_agg(private.enqueue(
        'sync_customer', null, null, e.id, jsonb_build_object('event_id', e.id)
    )) into v_jobs
    from private.stripe_events as e
    where e.status = 'received' and e.received_at < now() - interval '2 minutes';

    select v_jobs || array_agg(private.enqueue(
        'sync_customer', null, null, c.customer_id,
        jsonb_build_object('customer_id', c.customer_id)
    )) into v_jobs
    from private.stripe_customers as c
    where
        c.deleted_at is null
        -- Events bring the news; a look a day finds what they forgot.
        and coalesce(c.synced_at, '-infinity') < now() - interval '1 day'
        and exists (
            select from public.subscriptions as s
            where s.user_id = c.user_id and s.status not in ('canceled', 'incomplete_expired')
        );
    -- Stripe itself keeps events for 30 days; ours go when nobody can ask about them any more.
    delete from private.stripe_events as e
    where e.status <> 'received' and e.received_at < now() - interval '90 days';
    return coalesce(cardinality(v_jobs), 0);
end;
$$;
comment on function private.requeue_billing is
'Reconciliation: queues the sync of events left over and, once a day, of customers with a live
subscription.
Returns how many jobs.
Definer: workers have no table rights.';
grant execute on function private.requeue_billing to worker;
