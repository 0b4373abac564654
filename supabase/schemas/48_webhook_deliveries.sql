-- Deliveries: one event, a notification or a test, for one webhook endpoint. A trigger of
-- notifications adds them. One job for each endpoint sends them.

create table public.webhook_deliveries (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.accounts on delete cascade,
    endpoint_id uuid not null references public.webhook_endpoints on delete cascade,
    kind text not null check (kind ~ '^[a-z][a-z_]{1,39}$'),
    payload jsonb not null check (pg_column_size(payload) <= 16384),
    status text not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
    attempts integer not null default 0,
    next_attempt_at timestamptz default now(),
    last_attempt_at timestamptz,
    response_status integer,
    problem text check (
        problem in ('status', 'timeout', 'unreachable', 'not_allowed', 'endpoint_disabled')
    ),
    created_at timestamptz not null default now(),
    finished_at timestamptz
) with (fillfactor = 70);
comment on table public.webhook_deliveries is
'What was posted to the account''s webhook endpoints, or will be. Admins only. Kept for 30 days. The
newest first: order=created_at.desc.';
comment on column public.webhook_deliveries.id is 'Also the header webhook-id of each attempt.';
comment on column public.webhook_deliveries.kind is 'The kind of the notification; test of a test.';
comment on column public.webhook_deliveries.payload is 'What is posted.';
comment on column public.webhook_deliveries.status is
'pending: it will be tried, again if need be. delivered: an answer 2xx came. failed: it will not be
tried again.';
comment on column public.webhook_deliveries.next_attempt_at is
'The earliest time of the next attempt; null once it is delivered or failed.';
comment on column public.webhook_deliveries.last_attempt_at is
'When it was last tried; null: never.';
comment on column public.webhook_deliveries.response_status is
'The HTTP status of the last answer; null without one.';
comment on column public.webhook_deliveries.problem is
'Why the last attempt failed. status: the answer was not 2xx. timeout: none came within 10 s.
unreachable: no connection. not_allowed: the address is not a public one. endpoint_disabled: not
tried. Null: it has not failed.';
comment on column public.webhook_deliveries.finished_at is
'When it was delivered or failed; null before.';
create index webhook_deliveries_user_id_created_at_idx
on public.webhook_deliveries (user_id, created_at desc);
create index webhook_deliveries_endpoint_id_created_at_idx
on public.webhook_deliveries (endpoint_id, created_at desc);
create index webhook_deliveries_pending_idx
on public.webhook_deliveries (endpoint_id, next_attempt_at) where status = 'pending';
create index webhook_deliveries_user_id_last_attempt_at_idx
on public.webhook_deliveries (user_id, last_attempt_at);
create index webhook_deliveries_created_at_idx on public.webhook_deliveries (created_at);

alter table public.webhook_deliveries enable row level security;
create policy webhook_deliveries_select_own on public.webhook_deliveries
for select to authenticated
using (user_id = (select auth.uid()));
create policy webhook_deliveries_select_admin on public.webhook_deliveries as restrictive
for select to authenticated
using ((select private.has_role('admin')));
grant select on public.webhook_deliveries to authenticated;
grant select, insert, update, delete on public.webhook_deliveries to service_role;

create function private.webhook_endpoints_fail_deliveries()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update public.webhook_deliveries as d set
        status = 'failed',
        problem = 'endpoint_disabled',
        next_attempt_at = null,
        finished_at = now()
    where d.endpoint_id = new.id and d.status = 'pending';
    return null;
end;
$$;
comment on function private.webhook_endpoints_fail_deliveries is
'Trigger: fails what a disabled endpoint would still get. Definer: users write no deliveries.';

create trigger webhook_endpoints_50_fail_deliveries
after update of disabled_at on public.webhook_endpoints
for each row when (old.disabled_at is null and new.disabled_at is not null)
execute function private.webhook_endpoints_fail_deliveries();

create function private.queue_deliveries(endpoint_id uuid)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    -- A job that waits for a later attempt looks now.
    -- The account's own work: tenants take turns, so no account's endpoints delay other work.
    perform private.wake(private.enqueue(
        'deliver_webhooks', e.user_id, null, e.id::text, jsonb_build_object('endpoint_id', e.id)
    ))
    from public.webhook_endpoints as e where e.id = queue_deliveries.endpoint_id;
end;
$$;
comment on function private.queue_deliveries is
'Queues the job that sends what is due for an endpoint, or wakes it. The caller holds a key share
lock on the endpoint, so that no such job ends meanwhile (private.may_end_deliveries_job).';

create function private.free_delivery_slots(endpoint_id uuid)
returns integer
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select 1000 - count(*)::integer from (
        select from public.webhook_deliveries as d
        where d.endpoint_id = free_delivery_slots.endpoint_id and d.status = 'pending' limit 1000
    ) as p
$$;
comment on function private.free_delivery_slots is
'How many more deliveries of an endpoint may be pending, of 1,000.';

create function private.notifications_add_deliveries()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_endpoint public.webhook_endpoints;
begin
    for v_endpoint in
        select e.* from public.webhook_endpoints as e
        where e.user_id in (select a.user_id from added as a) and e.disabled_at is null
            and exists (select from private.endpoint_secrets as s where s.endpoint_id = e.id)
        order by e.id for key share
    loop
        insert into public.webhook_deliveries (user_id, endpoint_id, kind, payload)
        select
            a.user_id,
            v_endpoint.id,
            a.kind,
            jsonb_build_object(
                'type', a.kind,
                'timestamp', a.created_at,
                'data', jsonb_build_object(
                    'notification_id', a.id, 'account_id', a.user_id,
                    'product_id', a.product_id, 'text', a.text, 'params', a.params
                )
            )
        from added as a
        where a.user_id = v_endpoint.user_id
            and (v_endpoint.kinds = '{}' or a.kind = any (v_endpoint.kinds))
        limit private.free_delivery_slots(v_endpoint.id);
        if found then
            perform private.queue_deliveries(v_endpoint.id);
        end if;
    end loop;
    return null;
end;
$$;
comment on function private.notifications_add_deliveries is
'Trigger: adds a delivery of each notification to each endpoint that wants it. One with 1,000
pending deliveries gets no more. Definer: whoever notifies writes no deliveries.';
create trigger notifications_50_add_deliveries after insert on public.notifications
referencing new table as added
for each statement execute function private.notifications_add_deliveries();

create function private.send_test_event(endpoint_id uuid)
returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_endpoint public.webhook_endpoints;
    v_id uuid;
begin
    perform private.require_role('admin');
    select e.* into v_endpoint from public.webhook_endpoints as e
    where e.id = send_test_event.endpoint_id and e.user_id = auth.uid() for key share;
    if not found or not private.lock_living_account(v_endpoint.user_id) then
        perform private.fail(404, 'not_found', 'There is no such webhook endpoint.');
    end if;
    if v_endpoint.disabled_at is not null then
        perform private.fail(
            409, 'webhook_disabled', 'This webhook endpoint is disabled. Enable it first.'
        );
    end if;
    if not exists (
        select from private.endpoint_secrets as s where s.endpoint_id = v_endpoint.id
    ) then
        perform private.fail(
            409, 'webhook_without_secret',
            'This webhook endpoint has no secret yet. Make one first.'
        );
    end if;
    if private.free_delivery_slots(v_endpoint.id) <= 0 or (
        select count(*) from public.webhook_deliveries as d
        where d.endpoint_id = v_endpoint.id and d.kind = 'test'
            and d.created_at > now() - interval '1 minute'
    ) >= 10 then
        perform private.fail(
            429, 'rate_limited', 'Too many deliveries or tests. Try again in 60 s.',
            '{"retry_after_seconds": 60}', '{"Retry-After": "60"}'
        );
    end if;
    insert into public.webhook_deliveries (user_id, endpoint_id, kind, payload)
    values (
        v_endpoint.user_id, v_endpoint.id, 'test',
        jsonb_build_object(
            'type', 'test',
            'timestamp', now(),
            'data', jsonb_build_object(
                'account_id', v_endpoint.user_id, 'text', 'This is a test of your webhook.'
            )
        )
    )
    returning id into v_id;
    update private.endpoint_states as s set paused_until_at = null
    where s.endpoint_id = v_endpoint.id;
    perform private.queue_deliveries(v_endpoint.id);
    return v_id;
end;
$$;
comment on function private.send_test_event is
'Adds a test to the caller''s endpoint, which is tried at once, and returns the delivery''s id.
Definer: users write no deliveries; identity comes from the token. Errors: 403 role_not_allowed, 404
not_found, 409 webhook_disabled, webhook_without_secret, 429 rate_limited.';
grant execute on function private.send_test_event to authenticated;

create function public.test_webhook(id uuid)
returns public.webhook_deliveries
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid := private.send_test_event(test_webhook.id);
    v_delivery public.webhook_deliveries;
begin
    -- A new statement, because the snapshot of the one above does not see the delivery.
    select d.* into strict v_delivery from public.webhook_deliveries as d where d.id = v_id;
    return v_delivery;
end;
$$;
comment on function public.test_webhook is
'Posts an event of type test to a webhook endpoint, and returns its delivery. Read it again to see
how it went. Needs the role admin.

Errors: 403 role_not_allowed, 404 not_found, 409 webhook_disabled, webhook_without_secret, 429
rate_limited.';
grant execute on function public.test_webhook to authenticated;
