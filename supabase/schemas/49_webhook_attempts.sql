-- Attempts of deliveries: which is next, how it ended, and when its endpoint is paused or disabled.

create function private.begin_attempt(
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
    where e.id = begin_attempt.endpoint_id and e.disabled_at is null;
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
            select s.paused_until_at from private.endpoint_states as s
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
    -- The attempt and its backoff are noted before the post. If the worker dies, the next attempt
    -- comes after that backoff.
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
        from private.endpoint_secrets as s
        where s.endpoint_id = v_endpoint.id and coalesce(s.ends_at > now(), true)
    );
end;
$$;
comment on function private.begin_attempt is
'Begins an attempt of the delivery of an endpoint that is due longest: where to, what, and the
secrets that sign it, encrypted, the current one first. wait_seconds: none is due before, the
endpoint is paused, or the account had 120 attempts within a minute. All null: nothing is pending.
Definer: workers have no table rights.';
grant execute on function private.begin_attempt to worker;

create function private.end_attempt(
    delivery_id uuid, response_status integer, problem text, retry_after_seconds double precision
)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_delivery public.webhook_deliveries;
    v_endpoint public.webhook_endpoints;
    v_state private.endpoint_states;
    v_reason text;
    v_host text;
    v_most_attempts constant integer := 20; -- by the backoff of begin_attempt three days
begin
    -- The endpoint before its deliveries, as disabling locks them.
    select e.* into v_endpoint
    from public.webhook_deliveries as d
    inner join public.webhook_endpoints as e on d.endpoint_id = e.id
    where d.id = end_attempt.delivery_id for no key update of e;
    update public.webhook_deliveries as d set
        response_status = end_attempt.response_status,
        problem = end_attempt.problem,
        status = case
            when end_attempt.problem is null then 'delivered'
            when d.attempts >= v_most_attempts then 'failed'
            else 'pending'
        end,
        next_attempt_at = case
            when end_attempt.problem is not null and d.attempts < v_most_attempts
                then greatest(
                    d.next_attempt_at,
                    now() + make_interval(secs => end_attempt.retry_after_seconds)
                )
        end,
        finished_at = case
            when end_attempt.problem is null or d.attempts >= v_most_attempts then now()
        end
    where d.id = end_attempt.delivery_id and d.status = 'pending'
    returning d.* into v_delivery;
    if not found then
        return null;
    end if;
    if end_attempt.problem is null then
        delete from private.endpoint_states as s where s.endpoint_id = v_endpoint.id;
        return v_delivery.status;
    end if;
    insert into private.endpoint_states as s (endpoint_id, failures, failing_since_at)
    values (v_endpoint.id, 1, now())
    on conflict on constraint endpoint_states_pkey do update set failures = s.failures + 1
    returning s.* into v_state;
    update private.endpoint_states as s set
        paused_until_at = now() + greatest(
            make_interval(secs => end_attempt.retry_after_seconds),
            least(
                interval '15 minutes', interval '5 seconds' * 2 ^ least(v_state.failures - 1, 9)
            )
        )
    where s.endpoint_id = v_endpoint.id;
    v_reason := case
        when end_attempt.response_status = 410 then 'gone'
        when v_state.failing_since_at < now() - interval '3 days' then 'failing'
    end;
    if v_reason is not null and v_endpoint.disabled_at is null then
        update public.webhook_endpoints as e set disabled_at = now(), disabled_reason = v_reason
        where e.id = v_endpoint.id;
        -- The host alone: a path or a query may be a secret, and viewers read this.
        v_host := substring(v_endpoint.url from '^[^:]+://([^/?#]+)');
        perform private.notify(
            v_endpoint.user_id, 'webhook_disabled', null,
            format(
                'A webhook endpoint was disabled, because it %s: %s',
                case
                    when v_reason = 'gone' then 'answered that it is gone'
                    else 'has failed for three days'
                end,
                v_host
            ),
            jsonb_build_object(
                'endpoint_id', v_endpoint.id, 'host', v_host,
                'cause', v_reason
            )
        );
        return 'disabled';
    end if;
    return v_delivery.status;
end;
$$;
comment on function private.end_attempt is
'Ends an attempt of a delivery. A problem of null: delivered. Otherwise it is tried again, until
its attempts are used up, and its endpoint is paused for a while. 410, or failures for three days,
disables the endpoint, with a notification. Returns delivered, pending, failed or disabled; null: it
ended meanwhile. Definer: workers have no table rights.';
grant execute on function private.end_attempt to worker;

create function private.may_end_deliveries_job(endpoint_id uuid)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    -- Whoever adds a delivery holds the endpoint. So none is added between this look and the end of
    -- the job.
    perform from public.webhook_endpoints as e
    where e.id = may_end_deliveries_job.endpoint_id for update;
    -- The transaction that disabled the endpoint did not see deliveries of a concurrent one.
    update public.webhook_deliveries as d set
        status = 'failed', problem = 'endpoint_disabled', next_attempt_at = null, finished_at = now()
    from public.webhook_endpoints as e
    where d.endpoint_id = may_end_deliveries_job.endpoint_id and d.status = 'pending'
        and e.id = d.endpoint_id and e.disabled_at is not null;
    return not exists (
        select from public.webhook_deliveries as d
        where d.endpoint_id = may_end_deliveries_job.endpoint_id and d.status = 'pending'
    );
end;
$$;
comment on function private.may_end_deliveries_job is
'Whether nothing is pending for an endpoint, so that its job may end in this transaction. Fails what
a disabled endpoint would still get. Definer: workers have no table rights.';
grant execute on function private.may_end_deliveries_job to worker;

create function private.requeue_deliveries()
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_endpoints uuid [];
begin
    select array_agg(e.id) into v_endpoints
    from (
        select e.id from public.webhook_endpoints as e
        where e.id in (
            select distinct d.endpoint_id from public.webhook_deliveries as d
            where d.status = 'pending' and d.next_attempt_at < now() - interval '10 minutes'
            limit 1000
        )
        order by e.id for key share
    ) as e;
    perform private.queue_deliveries(e.id) from unnest(v_endpoints) as e (id);
    return coalesce(cardinality(v_endpoints), 0);
end;
$$;
comment on function private.requeue_deliveries is
'Queues the job of each endpoint whose deliveries are long due, because its job gave up. Returns
their number, 1,000 at most. Definer: workers have no table rights.';
grant execute on function private.requeue_deliveries to worker;
