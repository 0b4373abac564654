-- Outgoing webhooks: an account's notifications, posted to URLs of its own and signed as Standard
-- Webhooks describes. A trigger of notifications adds the deliveries; one job for each endpoint
-- sends them.

create table public.webhook_endpoints (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid() references public.accounts on delete cascade,
    url text not null check (char_length(url) <= 2048),
    description text not null default '' check (char_length(description) <= 200),
    kinds text[] not null default '{}' check (cardinality(kinds) <= 50),
    disabled_at timestamptz,
    disabled_reason text check (disabled_reason in ('owner', 'gone', 'failing')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.webhook_endpoints is
'Where the account''s notifications are posted to. Admins only. A new one gets its first secret from
rpc/rotate_webhook_secret, and nothing before that.';
comment on column public.webhook_endpoints.url is
'A public https:// address on the usual port. Redirects are not followed.';
comment on column public.webhook_endpoints.kinds is
'The kinds of notifications that it gets; an empty list: all, also those that are added later.';
comment on column public.webhook_endpoints.disabled_at is
'When it was disabled; null while it is in use. Any time disables it, and the server''s clock
counts. Null enables it again.';
comment on column public.webhook_endpoints.disabled_reason is
'owner: an admin disabled it. gone: it answered 410. failing: it has failed for three days. Null
while it is in use.';
create index webhook_endpoints_user_id_created_at_idx
on public.webhook_endpoints (user_id, created_at desc);

alter table public.webhook_endpoints enable row level security;
create policy webhook_endpoints_select_own on public.webhook_endpoints
for select to authenticated
using (user_id = (select auth.uid()));
create policy webhook_endpoints_insert_own on public.webhook_endpoints
for insert to authenticated
with check (user_id = (select auth.uid()));
create policy webhook_endpoints_update_own on public.webhook_endpoints
for update to authenticated
using (user_id = (select auth.uid()))
with check (user_id = (select auth.uid()));
create policy webhook_endpoints_delete_own on public.webhook_endpoints
for delete to authenticated
using (user_id = (select auth.uid()));
create policy webhook_endpoints_select_admin on public.webhook_endpoints as restrictive
for select to authenticated
using ((select private.has_role('admin')));
create policy webhook_endpoints_insert_admin on public.webhook_endpoints as restrictive
for insert to authenticated
with check ((select private.has_role('admin')));
create policy webhook_endpoints_update_admin on public.webhook_endpoints as restrictive
for update to authenticated
using ((select private.has_role('admin')));
create policy webhook_endpoints_delete_admin on public.webhook_endpoints as restrictive
for delete to authenticated
using ((select private.has_role('admin')));

grant select, delete on public.webhook_endpoints to authenticated;
grant insert (id, url, description, kinds) on public.webhook_endpoints to authenticated;
grant update (url, description, kinds, disabled_at) on public.webhook_endpoints to authenticated;
grant select, insert, update, delete on public.webhook_endpoints to service_role;

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

create table private.webhook_states (
    endpoint_id uuid primary key references public.webhook_endpoints on delete cascade,
    failures integer not null default 0,
    failing_since_at timestamptz,
    paused_until_at timestamptz
) with (fillfactor = 50);
comment on table private.webhook_states is
'How many attempts of an endpoint have failed in a row, since when, and until when it is left
alone.';
alter table private.webhook_states enable row level security;

-- Secrets. A function must show a new one, and the database must not be able to read it later. So
-- it keeps what only a worker's private key opens: an ephemeral Diffie-Hellman value.

create table private.webhook_keys (
    key_id text primary key check (key_id ~ '^[0-9a-f]{16}$'),
    prime numeric not null,
    public_value numeric not null check (public_value between 2 and prime - 2),
    registered_at timestamptz not null default now()
);
comment on table private.webhook_keys is
'Public Diffie-Hellman values of the workers'' keys for webhook secrets (core/webhook_secrets.py).
The one that the owner registered last makes new secrets.';
alter table private.webhook_keys enable row level security;

create table private.webhook_secrets (
    id uuid primary key default gen_random_uuid(),
    endpoint_id uuid not null references public.webhook_endpoints on delete cascade,
    key_id text not null references private.webhook_keys on delete restrict,
    ephemeral numeric not null,
    created_at timestamptz not null default now(),
    ends_at timestamptz
);
comment on table private.webhook_secrets is
'The secrets of endpoints, encrypted: only the worker that has the key can tell a secret from its
ephemeral value.';
comment on column private.webhook_secrets.ends_at is
'A secret that was replaced signs until then; null: the current one.';
create index webhook_secrets_endpoint_id_idx on private.webhook_secrets (endpoint_id);
create index webhook_secrets_key_id_idx on private.webhook_secrets (key_id);
alter table private.webhook_secrets enable row level security;

create function private.register_webhook_key(key_id text, prime numeric, public_value numeric)
returns void
language sql volatile security invoker set search_path = pg_catalog, pg_temp
begin atomic
    insert into private.webhook_keys as k (key_id, prime, public_value)
    values (
        register_webhook_key.key_id, register_webhook_key.prime, register_webhook_key.public_value
    )
    on conflict on constraint webhook_keys_pkey do update set registered_at = now();
end;
comment on function private.register_webhook_key is
'Says with which key new webhook secrets are encrypted (python -m workers register-webhook-key).
Granted to nobody: whoever registers a key can read every secret that is made afterwards.';

create function private.webhook_key_problem(key_id text)
returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select case
        when webhook_key_problem.key_id is null
            then (
                select 'no_key' from public.webhook_endpoints as e
                where e.disabled_at is null limit 1
            )
        when webhook_key_problem.key_id is distinct from (
            select k.key_id from private.webhook_keys as k order by k.registered_at desc limit 1
        )
            then 'not_registered'
    end
$$;
comment on function private.webhook_key_problem is
'What a worker lacks whose newest key is this one. no_key: it has none, and endpoints are in use.
not_registered: new secrets are encrypted with another key, or cannot be made. Null: nothing.
Definer: workers have no table rights.';
grant execute on function private.webhook_key_problem to worker;

create function private.modular_power(base numeric, exponent bytea, modulus numeric)
returns numeric
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_power numeric := 1;
begin
    for v_bit in 0 .. 8 * length(exponent) - 1 loop
        v_power := mod(v_power * v_power, modulus);
        if get_bit(exponent, v_bit) = 1 then
            v_power := mod(v_power * base, modulus);
        end if;
    end loop;
    return v_power;
end;
$$;
comment on function private.modular_power is
'base to the power of the exponent''s bits, modulo modulus. Only for random exponents that are used
once.';

create function private.make_webhook_secret(
    endpoint_id uuid, out secret text, out old_secret_ends_at timestamptz
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_key private.webhook_keys;
    -- 244 random bits.
    v_exponent bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
begin
    perform private.require_role('admin');
    perform from public.webhook_endpoints as e
    where e.id = make_webhook_secret.endpoint_id and e.user_id = auth.uid() for no key update;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such webhook endpoint.');
    end if;
    select k.* into v_key from private.webhook_keys as k order by k.registered_at desc limit 1;
    if not found then
        perform private.fail(
            501, 'webhooks_not_configured', 'Webhooks are not set up on this server.'
        );
    end if;
    -- One that was replaced before ends now: two sign at most.
    delete from private.webhook_secrets as s
    where s.endpoint_id = make_webhook_secret.endpoint_id and s.ends_at is not null;
    update private.webhook_secrets as s set ends_at = now() + interval '24 hours'
    where s.endpoint_id = make_webhook_secret.endpoint_id
    returning s.ends_at into old_secret_ends_at;
    insert into private.webhook_secrets (endpoint_id, key_id, ephemeral)
    values (
        make_webhook_secret.endpoint_id, v_key.key_id,
        private.modular_power(2, v_exponent, v_key.prime)
    );
    secret := 'whsec_' || encode(
        sha256(convert_to(
            private.modular_power(v_key.public_value, v_exponent, v_key.prime)::text, 'UTF8'
        )),
        'base64'
    );
end;
$$;
comment on function private.make_webhook_secret is
'Makes a secret for the caller''s endpoint and keeps what lets a worker find it again. The one
before signs for 24 hours more. Definer: secrets are internal; identity comes from the token.
Errors: 403 role_not_allowed, 404 not_found, 501 webhooks_not_configured.';
grant execute on function private.make_webhook_secret to authenticated;

create function public.rotate_webhook_secret(
    id uuid, out secret text, out old_secret_ends_at timestamptz
)
language sql volatile security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select
        s.secret,
        s.old_secret_ends_at
    from private.make_webhook_secret(rotate_webhook_secret.id) as s;
end;
comment on function public.rotate_webhook_secret is
'Makes a new secret for a webhook endpoint, and returns it: whsec_ and base64. It is shown this
once. Needs the role admin.

The first one puts the endpoint into use. When one is replaced, both sign until old_secret_ends_at,
24 hours later; null without an old one. Rotating twice ends the oldest at once.

Errors: 403 role_not_allowed, impersonation_not_allowed, 404 not_found, 501
webhooks_not_configured.';
grant execute on function public.rotate_webhook_secret to authenticated;

-- Endpoints

create function private.webhook_endpoints_validate()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_problem record;
    v_kinds constant text [] := private.notification_kinds();
begin
    if auth.uid() is not null then
        perform private.require_role('admin');
    end if;
    select p.* into v_problem from private.url_problem(new.url) as p;
    -- Plain http is for a receiver on the developer's machine. Elsewhere the fetcher refuses it.
    if v_problem.reason is null and new.url !~* '^https://'
        and new.url !~* '^http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?([/?#]|$)' then
        select 'not_https' as reason, 'must start with https://.' as problem into v_problem;
    end if;
    if v_problem.reason is not null then
        perform private.fail(
            422, 'invalid_url', 'The webhook''s URL ' || v_problem.problem,
            jsonb_build_object('field', 'url', 'reason', v_problem.reason)
            || case v_problem.reason when 'too_long' then '{"max": 2048}' else '{}' end::jsonb
        );
    end if;
    if char_length(new.description) > 200 then
        perform private.fail(
            422, 'invalid_name', 'The description may have 200 characters at most.',
            '{"field": "description", "reason": "too_long", "max": 200}'
        );
    end if;
    if private.hides_something(new.description) then
        perform private.fail(
            422, 'invalid_name', 'The description may not contain control or invisible characters.',
            '{"field": "description", "reason": "control_characters"}'
        );
    end if;
    new.description := coalesce(new.description, '');
    new.kinds := coalesce(new.kinds, '{}');
    if not new.kinds <@ v_kinds then
        perform private.fail(
            422, 'invalid_kinds', 'The webhook names a kind of notification that there is not.',
            jsonb_build_object(
                'field', 'kinds', 'reason', 'not_allowed', 'allowed', to_jsonb(v_kinds)
            )
        );
    end if;
    new.kinds := array(select distinct k from unnest(new.kinds) as k order by k);
    if tg_op = 'UPDATE' then
        new.updated_at := now();
        if new.url <> old.url or new.disabled_at is null and old.disabled_at is not null then
            delete from private.webhook_states as s where s.endpoint_id = new.id;
        end if;
        if new.disabled_at is null then
            new.disabled_reason := null;
        elsif old.disabled_at is null then
            new.disabled_at := now();
            new.disabled_reason := coalesce(new.disabled_reason, 'owner');
        else
            new.disabled_at := old.disabled_at;
            new.disabled_reason := old.disabled_reason;
        end if;
    end if;
    return new;
end;
$$;
comment on function private.webhook_endpoints_validate is
'Trigger: refuses an endpoint of a caller who is no admin, a wrong URL, description or kind. Another
URL, or enabling it again, forgets earlier failures. Definer: states are internal. Errors: 403
role_not_allowed, 422 invalid_url, invalid_name, invalid_kinds.';

create function private.webhook_endpoints_require_bound()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform set_config('private.row', '', true);
    if exists (
        select from public.webhook_endpoints as e
        where e.user_id in (select a.user_id from added as a)
        group by e.user_id having count(*) > 10
    ) then
        perform private.fail(
            422, 'too_many_webhooks', 'An account may have 10 webhook endpoints at most.',
            '{"limit": 10}'
        );
    end if;
    return null;
end;
$$;
comment on function private.webhook_endpoints_require_bound is
'Trigger: refuses an eleventh endpoint of an account. Definer: it counts what the caller may not
see. Errors: 422 too_many_webhooks.';

create function private.webhook_endpoints_end_deliveries()
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
comment on function private.webhook_endpoints_end_deliveries is
'Trigger: fails what a disabled endpoint would still get. Definer: users write no deliveries.';

create trigger webhook_endpoints_01_admit_row before insert on public.webhook_endpoints
for each row execute function private.admit_row();
create trigger webhook_endpoints_10_validate before insert or update on public.webhook_endpoints
for each row execute function private.webhook_endpoints_validate();
create trigger webhook_endpoints_40_require_bound after insert on public.webhook_endpoints
referencing new table as added
for each statement execute function private.webhook_endpoints_require_bound();
create trigger webhook_endpoints_50_end_deliveries
after update of disabled_at on public.webhook_endpoints
for each row when (old.disabled_at is null and new.disabled_at is not null)
execute function private.webhook_endpoints_end_deliveries();

-- Deliveries

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
lock on the endpoint, so that no such job ends meanwhile (private.end_deliveries).';

create function private.free_deliveries(endpoint_id uuid)
returns integer
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select 1000 - count(*)::integer from (
        select from public.webhook_deliveries as d
        where d.endpoint_id = free_deliveries.endpoint_id and d.status = 'pending' limit 1000
    ) as p
$$;
comment on function private.free_deliveries is
'How many more deliveries of an endpoint may be pending, of 1,000.';

create function private.notifications_deliver()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_endpoint public.webhook_endpoints;
begin
    for v_endpoint in
        select e.* from public.webhook_endpoints as e
        where e.user_id in (select a.user_id from added as a) and e.disabled_at is null
            and exists (select from private.webhook_secrets as s where s.endpoint_id = e.id)
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
                    'product_id', a.product_id, 'text', a.text
                )
            )
        from added as a
        where a.user_id = v_endpoint.user_id
            and (v_endpoint.kinds = '{}' or a.kind = any (v_endpoint.kinds))
        limit private.free_deliveries(v_endpoint.id);
        if found then
            perform private.queue_deliveries(v_endpoint.id);
        end if;
    end loop;
    return null;
end;
$$;
comment on function private.notifications_deliver is
'Trigger: adds a delivery of each notification to each endpoint that wants it. One with 1,000
pending deliveries gets no more. Definer: whoever notifies writes no deliveries.';
create trigger notifications_50_deliver after insert on public.notifications
referencing new table as added
for each statement execute function private.notifications_deliver();

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
        select from private.webhook_secrets as s where s.endpoint_id = v_endpoint.id
    ) then
        perform private.fail(
            409, 'webhook_without_secret',
            'This webhook endpoint has no secret yet. Make one first.'
        );
    end if;
    if private.free_deliveries(v_endpoint.id) <= 0 or (
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
    update private.webhook_states as s set paused_until_at = null
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

create function private.next_delivery(
    endpoint_id uuid,
    out delivery_id uuid, out url text, out body text, out secrets jsonb,
    out wait_seconds double precision
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_endpoint public.webhook_endpoints;
    v_delivery public.webhook_deliveries;
    v_recent timestamptz [];
begin
    select e.* into v_endpoint from public.webhook_endpoints as e
    where e.id = next_delivery.endpoint_id and e.disabled_at is null;
    if not found then
        return;
    end if;
    select d.* into v_delivery from public.webhook_deliveries as d
    where d.endpoint_id = v_endpoint.id and d.status = 'pending'
    order by d.next_attempt_at
    limit 1 for no key update skip locked;
    if not found then
        return;
    end if;
    v_recent := array(
        select d.last_attempt_at from public.webhook_deliveries as d
        where d.user_id = v_endpoint.user_id and d.last_attempt_at > now() - interval '1 minute'
        order by d.last_attempt_at desc limit 120
    );
    wait_seconds := extract(epoch from greatest(
        v_delivery.next_attempt_at,
        (
            select s.paused_until_at from private.webhook_states as s
            where s.endpoint_id = v_endpoint.id
        ),
        v_recent[120] + interval '1 minute'
    ) - now());
    if wait_seconds > 0 then
        return;
    end if;
    wait_seconds := null;
    delivery_id := v_delivery.id;
    url := v_endpoint.url;
    body := v_delivery.payload::text;
    -- Both the attempt and its backoff are noted before it: a worker that dies repeats it later.
    update public.webhook_deliveries as d set
        attempts = d.attempts + 1,
        last_attempt_at = now(),
        next_attempt_at = now()
        + least(interval '6 hours', interval '10 seconds' * 3 ^ least(d.attempts, 9))
        * (0.75 + 0.5 * random())
    where d.id = v_delivery.id;
    secrets := (
        select
            jsonb_agg(
                jsonb_build_object('key_id', s.key_id, 'ephemeral', s.ephemeral::text)
                order by s.created_at desc
            )
        from private.webhook_secrets as s
        where s.endpoint_id = v_endpoint.id and coalesce(s.ends_at > now(), true)
    );
end;
$$;
comment on function private.next_delivery is
'Begins an attempt of the delivery of an endpoint that is due longest: where to, what, and the
secrets that sign it, encrypted, the current one first. wait_seconds: none is due before, the
endpoint is paused, or the account had 120 attempts within a minute. All null: nothing is pending.
Definer: workers have no table rights.';
grant execute on function private.next_delivery to worker;

create function private.record_delivery(
    delivery_id uuid, response_status integer, problem text, retry_after_seconds double precision
)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_delivery public.webhook_deliveries;
    v_endpoint public.webhook_endpoints;
    v_state private.webhook_states;
    v_reason text;
begin
    -- The endpoint before its deliveries, as disabling locks them.
    select e.* into v_endpoint
    from public.webhook_deliveries as d
    inner join public.webhook_endpoints as e on d.endpoint_id = e.id
    where d.id = record_delivery.delivery_id for no key update of e;
    update public.webhook_deliveries as d set
        response_status = record_delivery.response_status,
        problem = record_delivery.problem,
        status = case
            when record_delivery.problem is null then 'delivered'
            when d.attempts >= 20 then 'failed'
            else 'pending'
        end,
        next_attempt_at = case
            when record_delivery.problem is not null and d.attempts < 20
                then greatest(
                    d.next_attempt_at,
                    now() + make_interval(secs => record_delivery.retry_after_seconds)
                )
        end,
        finished_at = case
            when record_delivery.problem is null or d.attempts >= 20 then now()
        end
    where d.id = record_delivery.delivery_id and d.status = 'pending'
    returning d.* into v_delivery;
    if not found then
        return null;
    end if;
    if record_delivery.problem is null then
        delete from private.webhook_states as s where s.endpoint_id = v_endpoint.id;
        return v_delivery.status;
    end if;
    insert into private.webhook_states as s (endpoint_id, failures, failing_since_at)
    values (v_endpoint.id, 1, now())
    on conflict on constraint webhook_states_pkey do update set failures = s.failures + 1
    returning s.* into v_state;
    update private.webhook_states as s set
        paused_until_at = now() + greatest(
            make_interval(secs => record_delivery.retry_after_seconds),
            least(
                interval '15 minutes', interval '5 seconds' * 2 ^ least(v_state.failures - 1, 9)
            )
        )
    where s.endpoint_id = v_endpoint.id;
    v_reason := case
        when record_delivery.response_status = 410 then 'gone'
        when v_state.failing_since_at < now() - interval '3 days' then 'failing'
    end;
    if v_reason is not null and v_endpoint.disabled_at is null then
        update public.webhook_endpoints as e set disabled_at = now(), disabled_reason = v_reason
        where e.id = v_endpoint.id;
        perform private.notify(
            v_endpoint.user_id, 'webhook_disabled', null,
            format(
                'A webhook endpoint was disabled, because it %s: %s',
                case
                    when v_reason = 'gone' then 'answered that it is gone'
                    else 'has failed for three days'
                end,
                -- The host alone: a path may be a secret, and viewers read this.
                split_part(v_endpoint.url, '/', 3)
            )
        );
        return 'disabled';
    end if;
    return v_delivery.status;
end;
$$;
comment on function private.record_delivery is
'Ends an attempt of a delivery. A problem of null: delivered. Otherwise it is tried again, 20 times
in all, and its endpoint is paused for a while. 410, or failures for three days, disables the
endpoint, with a notification. Returns delivered, pending, failed or disabled; null: it ended
meanwhile. Definer: workers have no table rights.';
grant execute on function private.record_delivery to worker;

create function private.end_deliveries(endpoint_id uuid)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    -- Whoever adds a delivery holds the endpoint. So none is added between this look and the end of
    -- the job.
    perform from public.webhook_endpoints as e where e.id = end_deliveries.endpoint_id for update;
    -- Added by a transaction that the disabling one did not see.
    update public.webhook_deliveries as d set
        status = 'failed', problem = 'endpoint_disabled', next_attempt_at = null, finished_at = now()
    from public.webhook_endpoints as e
    where d.endpoint_id = end_deliveries.endpoint_id and d.status = 'pending'
        and e.id = d.endpoint_id and e.disabled_at is not null;
    return not exists (
        select from public.webhook_deliveries as d
        where d.endpoint_id = end_deliveries.endpoint_id and d.status = 'pending'
    );
end;
$$;
comment on function private.end_deliveries is
'Whether nothing is pending for an endpoint, so that its job may end in this transaction. Fails what
a disabled endpoint would still get. Definer: workers have no table rights.';
grant execute on function private.end_deliveries to worker;

create function private.requeue_deliveries()
returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    select count(private.enqueue(
        'deliver_webhooks', p.user_id, null, p.endpoint_id::text,
        jsonb_build_object('endpoint_id', p.endpoint_id)
    ))::integer
    from (
        select distinct d.endpoint_id, d.user_id from public.webhook_deliveries as d
        where d.status = 'pending' and d.next_attempt_at < now() - interval '10 minutes'
        limit 1000
    ) as p
$$;
comment on function private.requeue_deliveries is
'Queues the job of each endpoint whose deliveries are long due, because its job gave up. Returns
their number, 1,000 at most. Definer: workers have no table rights.';
grant execute on function private.requeue_deliveries to worker;
