-- Quotas: what a plan allows, counted in the transaction that starts the work, and given back when
-- the work fails through no fault of the user. And what one request may add: how many rows, with
-- which ids.

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
        when 'stored_scripts' then p.max_scripts
        when 'brand_rules' then p.max_brand_rules
        when 'kept_analyses' then p.kept_analyses
    end
    from public.plans as p where p.id = private.plan_of(user_id)
$$;
comment on function private.limit_of is
'How much of a metric an account may use: products, analyses, scripts (written by AI, a month),
stored_scripts, brand_rules, kept_analyses (of each product).';

create function private.refuse_quota(
    user_id uuid, metric text, used integer, requested integer default 1
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_limit integer := private.limit_of(user_id, metric);
    v_is_monthly boolean := metric in ('analyses', 'scripts');
begin
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
comment on function private.refuse_quota is
'Ends the request: 402 quota_exceeded. used is what was there before the request; resets_at is null
for what doesn''t start again by itself; a bulk request is told how many it asked for (requested).';

create function private.require_room(
    user_id uuid, metric text, used integer, requested integer
)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    if used + requested > private.limit_of(user_id, metric) then
        perform private.refuse_quota(user_id, metric, used, requested);
    end if;
end;
$$;
comment on function private.require_room is
'Refuses what goes beyond a plan''s limit. Errors: 402 quota_exceeded.';

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
        'url_not_allowed', 'post_unavailable', 'nothing_found', 'no_data_found',
        'rules_too_slow'
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

create function private.number_row()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_row integer := case
        when tg_level = 'ROW' then current_setting('private.row')::integer + 1 else 0
    end;
begin
    perform set_config('private.row', v_row::text, true);
    if v_row > 500 and current_setting('role') = 'authenticated' then
        perform private.fail(
            422, 'too_many_rows', 'One request may add 500 rows at most.', '{"limit": 500}'
        );
    end if;
    return new;
end;
$$;
comment on function private.number_row is
'Trigger: numbers the rows of an insert, so that a refusal can name its row.
Errors: 422 too_many_rows.';

create function private.settle_id()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_owner uuid;
begin
    -- What isn't the API's has no account, and no quota.
    if auth.uid() is null then
        return new;
    end if;
    -- One insert at a time per account and table: parallel ones see each other's ids, and count
    -- each other.
    perform pg_advisory_xact_lock(hashtextextended(tg_table_name || ' of ' || new.user_id, 0));
    -- Dynamic: the same for each table that takes ids.
    execute format('select t.user_id from public.%I as t where t.id = $1', tg_table_name)
    into v_owner using new.id;
    if v_owner = new.user_id and not private.asks_for_upsert() then
        perform private.fail(
            409, 'already_exists', 'You have already added this.', '{"field": "id"}'
        );
    elsif v_owner <> new.user_id then
        -- As if it were free: the status does not tell that somebody else has it. The id of the new
        -- row does, to whoever already knows the other's.
        new.id := gen_random_uuid();
    end if;
    return new;
end;
$$;
comment on function private.settle_id is
'Trigger: an id that the client chose and the account has already is 409 already_exists, unless the
request says what to do with duplicates. One of another account is replaced by a new one.
Definer: it looks among the rows of all accounts.';

create function private.keep_id()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    new.id := old.id;
    return new;
end;
$$;
comment on function private.keep_id is
'Trigger: the id of a row stays, whatever an upsert by another key sends.';

create function private.require_quota()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
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
        -- Dynamic: the same for each table that a plan limits.
        execute format('select count(*) from public.%I as t where t.user_id = $1', tg_table_name)
        into v_total using v_new.user_id;
        perform private.require_room(
            v_new.user_id, tg_argv[0], v_total - v_new.requested, v_new.requested
        );
        -- Each product brings an analysis, whose own count would name those of this request.
        if tg_table_name = 'products' and v_new.requested > 1 then
            perform private.require_room(
                v_new.user_id, 'analyses', coalesce(max(u.used), 0), v_new.requested
            )
            from private.usage as u
            where
                u.user_id = v_new.user_id
                and u.metric = 'analyses'
                and u.month = private.current_month();
        end if;
    end loop;
    return null;
end;
$$;
comment on function private.require_quota is
'Trigger: no more rows than the plan includes, counted once a statement, in the transition table
`added`. Its argument is the metric. What an operator adds is not limited.
Errors: 402 quota_exceeded. Definer: it reads the account''s plan.';

create trigger products_01_begin_rows before insert on public.products
for each statement execute function private.number_row();
create trigger products_02_number_row before insert on public.products
for each row execute function private.number_row();
create trigger products_12_settle_id before insert on public.products
for each row execute function private.settle_id();
create trigger products_40_require_quota after insert on public.products
referencing new table as added
for each statement execute function private.require_quota('products');

create trigger scripts_01_begin_rows before insert on public.scripts
for each statement execute function private.number_row();
create trigger scripts_02_number_row before insert on public.scripts
for each row execute function private.number_row();
create trigger scripts_12_settle_id before insert on public.scripts
for each row execute function private.settle_id();
create trigger scripts_40_require_quota after insert on public.scripts
referencing new table as added
for each statement execute function private.require_quota('stored_scripts');

create trigger brand_rules_01_begin_rows before insert on public.brand_rules
for each statement execute function private.number_row();
create trigger brand_rules_02_number_row before insert on public.brand_rules
for each row execute function private.number_row();
create trigger brand_rules_12_settle_id before insert on public.brand_rules
for each row execute function private.settle_id();
create trigger brand_rules_12_keep_id before update of id on public.brand_rules
for each row execute function private.keep_id();
create trigger brand_rules_40_require_quota after insert on public.brand_rules
referencing new table as added
for each statement execute function private.require_quota('brand_rules');

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
