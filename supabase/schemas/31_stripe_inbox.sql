-- The Stripe inbox: events are hints. Each event is stored with a job that reads the customer from
-- Stripe and writes its state. So repeated, late and reordered events do no harm.

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
'Events received from Stripe, by ids only. The jobs read everything else from Stripe.';
comment on column private.stripe_events.status is
'received: its job has not ended. done: the rows are at least as fresh as the event. ignored: the
event is irrelevant, or its customer is gone. orphan: its customer belongs to no account.';
comment on column private.stripe_events.customer_id is
'The customer it is about; null until the job finds out, because thin events name only an object.';
comment on column private.stripe_events.object_id is
'The object it is about; null if it names none.';
comment on column private.stripe_events.created is 'When it happened at Stripe.';
comment on column private.stripe_events.api_version is
'The API version of its payload; null for thin events.';
comment on column private.stripe_events.body_sha256 is
'SHA-256 of its text, to notice another text with the same id. Null if the reconciliation found
the event.';
comment on column private.stripe_events.finished_at is
'When it left received, or when the latest job found it to be an orphan; null before.';
create index stripe_events_customer_id_idx on private.stripe_events (customer_id)
where status in ('received', 'orphan');
create index stripe_events_received_at_idx on private.stripe_events (received_at);
alter table private.stripe_events enable row level security;

create function private.record_stripe_event(
    id text, type text, created bigint, is_live boolean, api_version text, customer_id text,
    object_id text, body_sha256 text, is_useful boolean
)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_status text := case when record_stripe_event.is_useful then 'received' else 'ignored' end;
begin
    perform private.require_settled(c.user_id) from private.stripe_customers as c
    where c.customer_id = record_stripe_event.customer_id;
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
                    -- Endpoints of two API versions get one event in two texts.
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
        -- One job for each event: a job that runs already could miss the change.
        perform private.enqueue(
            'sync_customer', null, null, record_stripe_event.id,
            jsonb_build_object('event_id', record_stripe_event.id)
        );
    end if;
    return v_status;
end;
$$;
comment on function private.record_stripe_event is
'Stores an event and queues its job in one transaction. Returns received, ignored, duplicate, or
changed for a known id with another text. Errors: 503 account_moving. Definer: the edge and the
reconciliation have no table rights.';
grant execute on function private.record_stripe_event to webhook, worker;

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
'An event and its status; no row for an unknown id. Definer: workers have no table rights.';
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
'Stores the customer of an event. Null makes it an orphan: its object is gone or has no customer.
False: the event is no longer received. Definer: workers have no table rights.';
grant execute on function private.attribute_stripe_event to worker;

create function private.begin_customer_sync(customer_id text)
returns table (event_ids text[], sync_version integer)
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
                select c.sync_version from private.stripe_customers as c
                where c.customer_id = begin_customer_sync.customer_id
            ),
            0
        );
end;
comment on function private.begin_customer_sync is
'What a sync notes before it reads Stripe: the received events of the customer, which it will
cover, and the sync_version, which its write must name. Definer: workers and the edge have no
table rights.';
grant execute on function private.begin_customer_sync to worker, webhook;

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
                    -- Stripe names no due invoice: use the time of the first sync that saw this.
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
'Writes the subscriptions of an account as read from Stripe.';

create function private.finish_customer_sync(
    customer_id text, claimed_user_id uuid, is_deleted boolean, subscriptions jsonb,
    event_ids text[], sync_version integer
)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid;
    v_is_living boolean;
    v_outcome text;
begin
    select c.user_id into v_user_id from private.stripe_customers as c
    where c.customer_id = finish_customer_sync.customer_id;
    -- The customer went with its account. The other cell hears of it.
    if private.cell_state(coalesce(v_user_id, claimed_user_id)) = 'moved' then
        return 'ignored';
    end if;
    -- The metadata, which only this backend writes, may name an account without a customer.
    if not found and private.bind_customer(
        finish_customer_sync.claimed_user_id, finish_customer_sync.customer_id
    ) = finish_customer_sync.customer_id then
        v_user_id := finish_customer_sync.claimed_user_id;
    end if;
    v_is_living := case
        when v_user_id is null then not private.is_erased(finish_customer_sync.claimed_user_id)
        else private.lock_living_account(v_user_id)
    end;
    v_outcome := case
        when not v_is_living then 'ignored'
        when v_user_id is not null then 'done'
        -- A deleted customer pays for nothing: this is a late event of a replaced one.
        when finish_customer_sync.is_deleted then 'ignored'
        else 'orphan'
    end;
    if v_outcome = 'done' then
        -- If another sync wrote since this one began, it may have read newer data.
        update private.stripe_customers as c
        set synced_at = now(), sync_version = c.sync_version + 1
        where c.customer_id = finish_customer_sync.customer_id
            and c.sync_version = finish_customer_sync.sync_version;
        if not found then
            return 'overtaken';
        end if;
        perform private.upsert_subscriptions(v_user_id, finish_customer_sync.subscriptions);
        if finish_customer_sync.is_deleted then
            update private.stripe_customers as c set deleted_at = coalesce(c.deleted_at, now())
            where c.customer_id = finish_customer_sync.customer_id;
            -- Stripe ends the subscriptions of a deleted customer, and may not list them.
            update public.subscriptions as s set
                status = 'canceled', canceled_at = coalesce(s.canceled_at, now())
            where s.user_id = v_user_id and s.status not in ('canceled', 'incomplete_expired');
        end if;
    elsif not v_is_living and exists (
        select from jsonb_to_recordset(finish_customer_sync.subscriptions) as seen (status text)
        where seen.status not in ('canceled', 'incomplete_expired')
    ) then
        -- Cancels what an erased account bought: nobody else can.
        perform private.enqueue(
            'erase_account', null, null, finish_customer_sync.customer_id,
            jsonb_build_object('customer_id', finish_customer_sync.customer_id)
        );
    end if;
    update private.stripe_events as e set status = v_outcome, finished_at = now()
    where
        e.id = any (finish_customer_sync.event_ids) and e.status = 'received'
        -- The customer's metadata may name an account by now.
        or e.customer_id = finish_customer_sync.customer_id and e.status = 'orphan';
    return v_outcome;
end;
$$;
comment on function private.finish_customer_sync is
'Writes a customer''s state as read from Stripe and ends the events that it covers, in one
transaction. Binds the customer to the account in its metadata if neither has another. The rows of a
deleted customer stay. Returns done, orphan, ignored (erased or deleted), or overtaken: another sync
has written, so read Stripe again. Definer: workers and the edge have no table rights.';
grant execute on function private.finish_customer_sync to worker, webhook;

create function private.orphan_events()
returns bigint
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select count(*) from private.stripe_events as e where e.status = 'orphan';
end;
comment on function private.orphan_events is
'How many events of the last 90 days belong to no account. Behind each may be a person who has
paid and has no plan. Shown by private.server_metrics.';

create function private.requeue_billing()
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_queued integer;
begin
    select count(private.enqueue('sync_customer', null, null, q.key, q.arguments)) into v_queued
    from (
        -- Stripe itself keeps events for 30 days.
        (
            select e.id as key, jsonb_build_object('event_id', e.id) as arguments
            from private.stripe_events as e
            where e.status = 'received'
                and e.received_at
                between now() - interval '30 days' and now() - interval '2 minutes'
            order by e.received_at limit 5000
        )
        union all
        (
            select c.customer_id, jsonb_build_object('customer_id', c.customer_id)
            from private.stripe_customers as c
            where c.customer_id is not null
                and c.deleted_at is null
                and (
                    -- A checkout page is open for 31 minutes; one sync must follow its end.
                    c.checked_out_at > coalesce(c.synced_at, '-infinity') - interval '32 minutes'
                    -- One sync a day finds changes whose events were lost.
                    or coalesce(c.synced_at, '-infinity') < now() - interval '1 day'
                    and exists (
                        select from public.subscriptions as s
                        where s.user_id = c.user_id
                            and s.status not in ('canceled', 'incomplete_expired')
                    )
                    -- Someone may have sold a plan in Stripe's dashboard.
                    or coalesce(c.synced_at, c.created_at) < now() - interval '30 days'
                )
            order by c.synced_at asc nulls first limit 1000
        )
        union all
        (
            -- Someone may name the account of an orphan in Stripe's dashboard, which sends no
            -- event.
            select e.customer_id, jsonb_build_object('customer_id', e.customer_id)
            from private.stripe_events as e
            where e.status = 'orphan' and e.customer_id is not null
            group by e.customer_id
            having max(e.finished_at) < now() - interval '1 hour'
            order by max(e.finished_at) limit 100
        )
    ) as q;
    delete from private.stripe_events as e where e.received_at < now() - interval '90 days';
    return v_queued;
end;
$$;
comment on function private.requeue_billing is
'Reconciliation: queues a sync for each event that is still received. Queues one for each customer
whose checkout page was open after the latest sync. Orphans get one an hour. Customers with a live
subscription get one a day, all others one a month. Deletes events after 90 days. Returns how many
jobs it queued. Definer: workers have no table rights.';
grant execute on function private.requeue_billing to worker;
