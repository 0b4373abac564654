-- Quotas: the transaction that starts work counts it against the plan. A failure that is not the
-- user's fault gives the use back.

create table private.usage (
    user_id uuid not null references public.accounts on delete cascade,
    metric text not null check (metric in ('analyses', 'scripts')),
    month date not null check (extract(day from month) = 1),
    used integer not null check (used >= 0),
    told_at timestamptz,
    primary key (user_id, metric, month)
) with (fillfactor = 70);
comment on table private.usage is
'How much of each monthly quota an account has used. Months are UTC.';
comment on column private.usage.told_at is
'When the account was told that 80 % are used; null: it was not.';
alter table private.usage enable row level security;

create index usage_month_idx on private.usage (month);

create function private.current_month()
returns date
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select date_trunc('month', now() at time zone 'UTC')::date
$$;
comment on function private.current_month is 'The first day of the current month (UTC).';

create function private.next_month()
returns timestamptz
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select (private.current_month() + interval '1 month') at time zone 'UTC'
$$;
comment on function private.next_month is 'When monthly quotas start again.';

create function private.used_seats(user_id uuid)
returns integer
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select count(*)::integer from private.memberships as m
    where m.user_id = used_seats.user_id
        and m.seen_at >= private.current_month()::timestamp at time zone 'UTC'
$$;
comment on function private.used_seats is
'How many members have acted for an organisation this month.';

create function private.limit_of(user_id uuid, metric text)
returns integer
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select case metric
        when 'products' then p.max_products
        when 'analyses' then p.analyses_per_month
        when 'scripts' then p.scripts_per_month
        when 'stored_scripts' then p.max_scripts
        when 'brand_rules' then p.max_brand_rules
        when 'brands' then p.max_brands
        when 'kept_analyses' then p.kept_analyses
        when 'kept_history' then p.kept_history
        when 'seats' then p.seats
    end
    from public.plans as p where p.id = private.plan_of(user_id)
$$;
comment on function private.limit_of is
'The limit of a metric for an account: products, analyses (a month), scripts (written by AI, a
month), stored_scripts, brand_rules, brands, kept_analyses and kept_history (of each product),
seats (members of an organisation, a month).';

create function private.require_below_limit(
    user_id uuid, metric text, used integer, requested integer
)
returns void
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_limit integer := private.limit_of(user_id, metric);
    v_is_monthly boolean := metric in ('analyses', 'scripts', 'seats');
begin
    if (used + requested > v_limit) is not true then
        return;
    end if;
    perform private.fail(
        402, 'quota_exceeded',
        format(
            'Your plan includes %s %s%s, and %s are in use.%s',
            v_limit,
            translate(metric, '_', ' '),
            case when v_is_monthly then ' a month' else '' end,
            used,
            case when requested > 1 then format(' You asked for %s more.', requested) else '' end
        ),
        jsonb_build_object(
            'metric', metric, 'limit', v_limit, 'used', used, 'plan', private.plan_of(user_id),
            'resets_at', case when v_is_monthly then private.next_month() end
        )
        || case
            when requested > 1 then jsonb_build_object('requested', requested) else '{}'
        end
    );
end;
$$;
comment on function private.require_below_limit is
'Refuses a request that would exceed a limit of the plan: 402 quota_exceeded. In its details, used
is the count before the request. resets_at is null for metrics that are not monthly. requested is
there if the request asked for more than one.';

create function private.require_quota()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_new record;
    v_total integer;
begin
    perform set_config('private.row', '', true);
    for v_new in
        select a.user_id, count(*)::integer as requested from added as a
        where auth.uid() is not null group by a.user_id
    loop
        -- Dynamic SQL, because a plan limits several tables.
        execute format(
            'select count(*) from public.%I as t where t.user_id = $1 %s', tg_table_name,
            case tg_table_name when 'products' then 'and t.archived_at is null' else '' end
        )
        into v_total using v_new.user_id;
        perform private.require_below_limit(
            v_new.user_id, tg_argv[0], v_total - v_new.requested, v_new.requested
        );
        -- Each product queues an analysis. Checked here, the error has the earlier count.
        if tg_table_name = 'products' and v_new.requested > 1 then
            perform private.require_below_limit(
                v_new.user_id, 'analyses', coalesce(max(u.used), 0), v_new.requested
            )
            from private.usage as u
            where u.user_id = v_new.user_id
                and u.metric = 'analyses'
                and u.month = private.current_month();
        end if;
    end loop;
    return null;
end;
$$;
comment on function private.require_quota is
'Trigger: refuses rows beyond the plan, once a statement, with the transition table `added`. Its
argument is the metric. Rows from outside the API are not limited.
Errors: 402 quota_exceeded. Definer: it reads the account''s plan.';

create table private.charges (
    job_id uuid primary key references public.jobs on delete cascade,
    metric text not null,
    month date not null,
    is_refunded boolean not null default false
);
comment on table private.charges is
'The quota and month that each job was counted in, so that it is counted and refunded once.';
alter table private.charges enable row level security;

create function private.notify_of_quota(
    user_id uuid, metric text, used integer, max_used integer
)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_what text := case metric when 'scripts' then 'AI scripts' else metric end;
begin
    -- A use that was given back may reach the mark again.
    update private.usage as u set told_at = now()
    where u.user_id = notify_of_quota.user_id and u.metric = notify_of_quota.metric
        and u.month = private.current_month() and u.told_at is null;
    if not found then
        return;
    end if;
    perform private.notify(
        user_id, 'quota_nearly_used', null,
        format('%s of this month''s %s %s are used.', used, max_used, v_what),
        jsonb_build_object(
            'metric', metric, 'used', used, 'limit', max_used, 'month', private.current_month()
        )
    );
end;
$$;
comment on function private.notify_of_quota is
'Notifies that 80 % of a monthly quota are used, once a month for each metric.';

create function private.live_jobs_charge()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid := new.tenant::uuid;
    v_metric text := case new.kind when 'analyze_product' then 'analyses' else 'scripts' end;
    v_used integer;
    v_limit integer;
begin
    -- A redriven job was counted when the user started it.
    insert into private.charges (job_id, metric, month)
    values (new.job_id, v_metric, private.current_month())
    on conflict on constraint charges_pkey do nothing;
    if found then
        -- Locks the row until the transaction ends, so parallel requests wait for each other.
        insert into private.usage as u (user_id, metric, month, used)
        values (v_user_id, v_metric, private.current_month(), 1)
        on conflict on constraint usage_pkey do update set used = u.used + 1
        returning u.used into v_used;
        v_limit := private.limit_of(v_user_id, v_metric);
        if v_used > v_limit then
            perform private.require_below_limit(v_user_id, v_metric, v_used - 1, 1);
        elsif v_used = ceil(v_limit * 0.8) then
            perform private.notify_of_quota(v_user_id, v_metric, v_used, v_limit);
        end if;
    end if;
    -- A request counts as work once, however many jobs it starts. Quotas count the jobs.
    if current_setting('request.method', true) <> ''
        and current_setting('request.is_work', true) is distinct from 'true' then
        perform set_config('request.is_work', 'true', true);
        perform private.count_request(v_user_id, 'work');
    end if;
    return null;
end;
$$;
comment on function private.live_jobs_charge is
'Trigger: counts a queued job that costs money against its quota. Counts the request of PostgREST
that queues it as work. At 80 % of the quota it notifies. Errors: 402 quota_exceeded, 429
rate_limited.';
create trigger live_jobs_10_charge after insert on private.live_jobs
for each row when (new.kind in ('analyze_product', 'generate_script') and new.tenant <> 'system')
execute function private.live_jobs_charge();

create function private.refund_job(job_id uuid, user_id uuid)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_charge private.charges;
begin
    update private.charges as c set is_refunded = true
    where c.job_id = refund_job.job_id and not c.is_refunded
    returning c.* into v_charge;
    update private.usage as u set used = u.used - 1
    where u.user_id = refund_job.user_id and u.metric = v_charge.metric
        and u.month = v_charge.month and u.used > 0;
end;
$$;
comment on function private.refund_job is
'Gives the use of a job back, once.';

create function private.jobs_refund()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    -- A failure that comes from the user's input stays counted. not_a_product does not: the
    -- analysis has not begun.
    v_was_used boolean := case new.status
        when 'failed' then new.error_code in (
            'page_not_found', 'page_not_readable', 'page_too_large', 'url_not_allowed',
            'post_unavailable', 'nothing_found', 'no_data_found', 'rules_too_slow'
        )
        else new.started_at is not null
    end;
begin
    -- A job with paid runs stays counted, however it ended.
    if v_was_used or exists (select from private.source_runs as r where r.job_id = new.id) then
        return null;
    end if;
    perform private.refund_job(new.id, new.user_id);
    return null;
end;
$$;
comment on function private.jobs_refund is
'Trigger: gives a use back once. The job was cancelled before its start, or failed without the
user''s fault. A job with paid runs gets nothing back.';
create trigger jobs_50_refund after update of status on public.jobs
for each row when (
    new.user_id is not null and old.status <> new.status and new.status in ('failed', 'cancelled')
)
execute function private.jobs_refund();

-- Request limits: how many writes an account makes in a minute, by cost. Reads can't be counted,
-- because their transactions are read-only. A refusal rolls the count of its request back. For both
-- private.before_request bounds how many run at once.

-- Unlogged: after a crash every account's minute starts again, which is harmless.
create unlogged table private.request_counts (
    user_id uuid not null references public.accounts on delete cascade,
    cost_class text not null check (cost_class in ('write', 'work')),
    window_start timestamptz not null,
    requests integer not null,
    primary key (user_id, cost_class)
) with (fillfactor = 50);
comment on table private.request_counts is
'The number of requests of each cost class that an account has made since window_start.';
comment on column private.request_counts.cost_class is
'write: changes rows. work: starts a job that costs money.';
alter table private.request_counts enable row level security;

create function private.count_request(user_id uuid, cost_class text)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    -- The limit for work is a quarter of the plan's.
    v_part integer := case count_request.cost_class when 'work' then 4 else 1 end;
    v_count record;
    v_limit integer;
    v_seconds integer;
begin
    -- Locks the count until the request ends. So parallel writes of an account wait here, none
    -- exceeds the limit, and no two lock rows in different orders. The slots of the account bound
    -- how many wait. The lock on the account keeps an erasure from deleting it meanwhile.
    insert into private.request_counts as c (user_id, cost_class, window_start, requests)
    select a.id, count_request.cost_class, now(), 1
    from public.accounts as a where a.id = count_request.user_id for key share
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
    -- Looks the plan up only when the count exceeds the smallest plan's limit.
    if not found or v_count.requests <= v_count.smallest_limit then
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
'Counts a request of an account; does nothing for an unknown one. Errors: 429 rate_limited, with
Retry-After in seconds, also in details.';
