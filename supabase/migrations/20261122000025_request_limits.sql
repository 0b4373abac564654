-- Request limits: how many requests that change something an account makes in a minute, by cost.
-- Reads can't be counted here (they run in read-only transactions), nor can refused requests (their
-- count is rolled back with them): private.before_request bounds how many of them run at once.

create function private.count_request(user_id uuid, cost_class text)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Work may be a quarter of what is allowed.
    v_part integer := case count_request.cost_class when 'work' then 4 else 1 end;
    v_count record;
    v_limit integer;
    v_seconds integer;
begin
    -- The row stays locked until the request ends: parallel ones take turns, none overshoots, and no
    -- two writes of an account lock its rows in different orders. Its slots bound how many wait.
    insert into private.request_counts as c (user_id, cost_class, window_start, requests)
    values (count_request.user_id, count_request.cost_class, now(), 1)
    on conflict on constraint request_counts_pkey do update set
        requests = case
            when c.window_start > now() - interval '1 minute' then c.requests + 1 else 1
        end,
        window_start = case
            when c.window_start > now() - interval '1 minute' then c.window_start else now()
        end
    returning
        c.requests, c.window_start, (
            select greatest(1, min(p.requests_per_minute) / v_part) from public.plans as p
        ) as smallest_limit
    into v_count;
    -- Whose plan it is, is looked up for those only that are beyond the smallest one.
    if v_count.requests <= v_count.smallest_limit then
        return;
    end if;
    select greatest(1, p.requests_per_minute / v_part) into v_limit
    from public.plans as p where p.id = private.plan_of(count_request.user_id);
    if v_count.requests > v_limit then
        v_seconds := greatest(1, ceil(extract(epoch from v_count.window_start - now()) + 60));
        perform private.fail(
            429, 'rate_limited',
            format(
                'That is more than %s requests in a minute. Try again in %s s.', v_limit, v_seconds
            ),
            jsonb_build_object('limit', v_limit, 'retry_after_seconds', v_seconds),
            jsonb_build_object('Retry-After', v_seconds::text)
        );
    end if;
end;
$$;
comment on function private.count_request is
'Counts a request of an account. Errors: 429 rate_limited, with Retry-After, in seconds also in
details.';

create function private.live_jobs_count_work()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    -- One request counts once, however many jobs it starts: quotas count those.
    if current_setting('request.is_work', true) = 'true' then
        return null;
    end if;
    perform set_config('request.is_work', 'true', true);
    perform private.count_request(new.lane::uuid, 'work');
    return null;
end;
$$;
comment on function private.live_jobs_count_work is
'Trigger: a request is counted as work when it starts a job that costs money, whatever path it came
by. Errors: 429 rate_limited.';
-- After live_jobs_10_charge, which takes the quota. Outside PostgREST there is no request.
create trigger live_jobs_20_count_work after insert on private.live_jobs
for each row when (
    new.kind in ('analyze_product', 'generate_script') and new.lane <> 'system'
    and current_setting('request.method', true) <> ''
)
execute function private.live_jobs_count_work();
