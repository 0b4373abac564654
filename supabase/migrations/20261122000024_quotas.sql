-- Quotas: what a plan allows, counted in the transaction that starts the work, and given back when
-- the work fails through no fault of the user.

create function private.current_month()
returns date
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select date_trunc('month', now() at time zone 'UTC')::date
$$;
comment on function private.current_month is 'The month that usage is counted in now.';

create function private.next_month()
returns timestamptz
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select (private.current_month() + interval '1 month') at time zone 'UTC'
$$;
comment on function private.next_month is 'When monthly quotas start again.';

create function private.limit_of(user_id uuid, metric text)
returns integer
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select case metric
        when 'products' then p.max_products
        when 'analyses' then p.analyses_per_month
        when 'scripts' then p.scripts_per_month
    end
    from public.plans as p where p.id = private.plan_of(user_id)
$$;
comment on function private.limit_of is
'How much of a metric (products, analyses, scripts) an account may use.';

create function private.refuse_quota(user_id uuid, metric text, used integer)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_limit integer := private.limit_of(user_id, metric);
begin
    perform private.fail(
        402, 'quota_exceeded',
        format(
            'Your plan includes %s %s%s, and %s are in use.', v_limit, metric,
            case metric when 'products' then '' else ' a month' end, used
        ),
        jsonb_build_object(
            'metric', metric, 'limit', v_limit, 'used', used, 'plan', private.plan_of(user_id),
            'resets_at', case when metric <> 'products' then private.next_month() end
        )
    );
end;
$$;
comment on function private.refuse_quota is
'Ends the request: 402 quota_exceeded. resets_at is null for what doesn''t start again by itself.';

create function private.consume(user_id uuid, metric text)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_limit integer := private.limit_of(user_id, metric);
    v_used integer;
begin
    -- The row stays locked until the work is committed: parallel requests take turns.
    insert into private.usage as u (user_id, metric, month, used)
    values (consume.user_id, consume.metric, private.current_month(), 0)
    on conflict on constraint usage_pkey do update set used = u.used
    returning u.used into v_used;
    if v_used >= v_limit then
        perform private.refuse_quota(user_id, metric, v_used);
    end if;
    update private.usage as u set used = u.used + 1
    where u.user_id = consume.user_id and u.metric = consume.metric
        and u.month = private.current_month();
end;
$$;
comment on function private.consume is
'Counts one more use of a monthly quota. Errors: 402 quota_exceeded.';

create function private.live_jobs_charge()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_metric text := case new.kind when 'analyze_product' then 'analyses' else 'scripts' end;
begin
    -- A job that an operator brings back was counted when the user started it.
    insert into private.charges (job_id, metric, month)
    values (new.job_id, v_metric, private.current_month())
    on conflict on constraint charges_pkey do nothing;
    if found then
        perform private.consume(new.lane::uuid, v_metric);
    end if;
    return null;
end;
$$;
comment on function private.live_jobs_charge is
'Trigger: work that a plan limits is counted as it is queued. Errors: 402 quota_exceeded.';
create trigger live_jobs_10_charge after insert on private.live_jobs
for each row when (new.kind in ('analyze_product', 'generate_script') and new.lane <> 'system')
execute function private.live_jobs_charge();

create function private.is_fault_of_user(error_code text)
returns boolean
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select error_code in (
        'page_not_found', 'page_not_readable', 'page_too_large', 'no_product_found',
        'url_not_allowed', 'post_unavailable', 'nothing_found', 'no_data_found'
    )
$$;
comment on function private.is_fault_of_user is
'Whether a job failed because of what the user gave it: such work stays counted.';

create function private.jobs_refund()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_charge private.charges;
    v_was_used boolean := case new.status
        when 'failed' then private.is_fault_of_user(new.error_code)
        else new.started_at is not null
    end;
begin
    -- What was paid for outside stays counted, whatever became of it.
    if v_was_used or exists (select from private.source_runs as r where r.job_id = new.id) then
        return null;
    end if;
    update private.charges as c set is_refunded = true
    where c.job_id = new.id and not c.is_refunded
    returning c.* into v_charge;
    update private.usage as u set used = u.used - 1
    where u.user_id = new.user_id and u.metric = v_charge.metric and u.month = v_charge.month
        and u.used > 0;
    return null;
end;
$$;
comment on function private.jobs_refund is
'Trigger: gives a use back, once, when its job failed without the user''s fault or never began,
and paid for no run at a source.';
create trigger jobs_50_refund after update of status on public.jobs
for each row when (
    new.user_id is not null and old.status <> new.status and new.status in ('failed', 'cancelled')
)
execute function private.jobs_refund();

create function private.products_require_quota()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_used integer;
begin
    -- One at a time per account, so that parallel requests count each other.
    perform pg_advisory_xact_lock(hashtextextended('products of ' || new.user_id, 0));
    select count(*) into v_used from public.products as p where p.user_id = new.user_id;
    if v_used >= private.limit_of(new.user_id, 'products') then
        perform private.refuse_quota(new.user_id, 'products', v_used);
    end if;
    return new;
end;
$$;
comment on function private.products_require_quota is
'Trigger: no more products than the plan includes. Errors: 402 quota_exceeded.
Definer: it reads the account''s plan, and counts under a lock.';
create trigger products_15_require_quota before insert on public.products
for each row execute function private.products_require_quota();

create function private.own_usage()
returns jsonb
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'products', (select count(*) from public.products as p where p.user_id = auth.uid())
    )
    || coalesce(jsonb_object_agg(m.metric, coalesce(u.used, 0)), '{}')
    from unnest('{analyses,scripts}'::text[]) as m (metric)
    left join private.usage as u
        on u.user_id = auth.uid() and m.metric = u.metric and u.month = private.current_month()
$$;
comment on function private.own_usage is
'What the account of the token uses now. Definer: usage is internal; identity comes from the
token.';
grant execute on function private.own_usage to authenticated;

create function private.own_plan()
returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select private.plan_of(auth.uid())
$$;
comment on function private.own_plan is
'The plan of the account of the token. Definer: entitlements are internal; identity comes from the
token.';
grant execute on function private.own_plan to authenticated;

create function public.account(
    out plan text,
    out limits jsonb,
    out usage jsonb,
    out resets_at timestamptz,
    out subscription jsonb,
    out tiktok jsonb
)
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select
        p.id,
        jsonb_build_object(
            'products', p.max_products, 'analyses', p.analyses_per_month,
            'scripts', p.scripts_per_month, 'requests_per_minute', p.requests_per_minute
        ),
        private.own_usage(),
        (date_trunc('month', now() at time zone 'UTC') + interval '1 month') at time zone 'UTC',
        (
            select jsonb_build_object(
                'plan', s.plan, 'status', s.status, 'current_period_end', s.current_period_end,
                'cancel_at_period_end', s.cancel_at_period_end, 'cancel_at', s.cancel_at
            )
            from public.subscriptions as s
            where s.user_id = auth.uid()
            order by s.plan = p.id desc nulls last, s.created_at desc
            limit 1
        ),
        private.own_tiktok()
    from public.plans as p
    where p.id = private.own_plan()
$$;
comment on function public.account is
'The caller''s plan with its limits, what is used of them, when monthly ones start again, the
subscription and the connected TikTok account (each null without one).';
grant execute on function public.account to authenticated;
