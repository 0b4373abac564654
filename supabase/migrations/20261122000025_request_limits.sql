-- Request limits: how many requests that change something an account makes in a minute, by cost.
-- Reads can't be counted here (they run in read-only transactions), nor can refused requests (their
-- count is rolled back with them); docs/operations.md says what bounds those in front.

create function private.cost_class()
returns text
language sql
stable
security invoker
set search_path = ''
as $$
    select case
        when current_setting('request.path', true)
            in ('/products', '/rpc/run_analysis', '/rpc/generate_script')
            and current_setting('request.method', true) = 'POST' then 'work'
        else 'write'
    end
$$;
comment on function private.cost_class is
'What the current request costs: work starts a job that costs money, write changes rows.';

create function private.requests_per_minute(user_id uuid, cost_class text)
returns integer
language sql
stable
security invoker
set search_path = ''
as $$
    -- Work may be a quarter of what is allowed.
    select greatest(1, p.requests_per_minute / case cost_class when 'work' then 4 else 1 end)
    from public.plans as p where p.id = private.plan_of(user_id)
$$;
comment on function private.requests_per_minute is
'How many requests of a cost class an account''s plan allows in a minute.';

create function private.count_request()
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    v_class text := private.cost_class();
    v_limit integer := private.requests_per_minute(auth.uid(), v_class);
    v_count private.request_counts;
    v_seconds integer;
begin
    -- The row stays locked until the request ends: parallel ones take turns, none overshoots.
    insert into private.request_counts as c (user_id, cost_class, window_start, requests)
    values (auth.uid(), v_class, now(), 1)
    on conflict on constraint request_counts_pkey do update set
        requests = case
            when c.window_start > now() - interval '1 minute' then c.requests + 1 else 1
        end,
        window_start = case
            when c.window_start > now() - interval '1 minute' then c.window_start else now()
        end
    returning c.* into v_count;
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
'Counts the current request of the token''s account. Definer: counts are internal; identity comes
from the token. Errors: 429 rate_limited, with Retry-After, in seconds also in details.';
grant execute on function private.count_request to authenticated;

create function private.limit_requests()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    if current_user = 'authenticated'
        and current_setting('transaction_read_only') = 'off'
        -- Outside PostgREST there is no request to count.
        and current_setting('request.method', true) <> ''
    then
        perform private.count_request();
    end if;
end;
$$;
comment on function private.limit_requests is
'Part of the pre-request: counts requests of users that may write. Errors: 429 rate_limited.';
grant execute on function private.limit_requests to anon;
grant execute on function private.limit_requests to authenticated;
grant execute on function private.limit_requests to service_role;
