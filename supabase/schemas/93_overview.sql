-- Read models of a dashboard, one request each. product_overview lists the products; account has
-- the plan and its usage.

create view public.product_overview with (security_invoker = true) as
select
    p.id,
    p.user_id,
    p.name,
    p.source_url,
    p.created_at,
    p.updated_at,
    p.last_analyzed_at,
    -- coalesce hides from PostgREST where pack_id and job_id come from. Otherwise they would add
    -- relationships to scripts, and embedding scripts would be ambiguous (PGRST201).
    coalesce(pack.id) as pack_id,
    pack.name as pack_name,
    pack.score as pack_score,
    pack.score_band,
    pack.headline,
    pack.created_at as pack_created_at,
    sentiment.sentiment_label,
    sentiment.sentiment_net,
    coalesce(job.id) as job_id,
    job.kind as job_kind,
    job.status as job_status,
    job.stage as job_stage,
    job.progress as job_progress,
    job.error_code as job_error_code,
    job.error_message as job_error_message,
    sentiment.is_sample,
    p.watch,
    pack.expires_at as pack_expires_at,
    pack.previous_score,
    (select count(*)::integer from public.scripts as s where s.product_id = p.id) as script_count,
    sentiment.source_kind,
    p.brand_id,
    p.tags,
    p.archived_at,
    p.created_by,
    p.updated_by
from public.products as p
left join lateral (
    select
        v.id,
        v.name,
        v.score,
        v.score_band,
        v.headline,
        v.expires_at,
        v.previous_score,
        v.created_at
    from public.virality_packs as v
    where v.product_id = p.id
    order by v.created_at desc
    limit 1
) as pack on true
left join lateral (
    select
        r.sentiment_label,
        r.sentiment_net,
        r.is_sample,
        r.source_kind
    from public.analysis_results as r
    where r.product_id = p.id and r.type = 'sentiment_summary'
    order by r.created_at desc
    limit 1
) as sentiment on true
left join lateral (
    select
        j.id,
        j.kind,
        j.status,
        j.stage,
        j.progress,
        j.error_code,
        j.error_message
    from public.jobs as j
    where j.product_id = p.id
    order by j.created_at desc
    limit 1
) as job on true;
comment on view public.product_overview is
'The caller''s products, each with its latest pack, its scores and its latest job.

Order by created_at and id, both descending. Page by the last row that you have, not by offset:
created_at=lte.T&or=(created_at.lt.T,id.lt.I)&order=created_at.desc,id.desc&limit=20 is fast at
any depth. Reads carry an ETag; If-None-Match with it answers 304 while nothing has changed.';
comment on column public.product_overview.score_band is
'breakout, above, typical, below or insufficient_data; null before the first pack.';
comment on column public.product_overview.sentiment_net is
'From -1 to 1; null without any text to judge.';
comment on column public.product_overview.job_id is
'The latest job. An ended job is pruned 30 days after it was added; then all job_* are null.';
comment on column public.product_overview.job_status is
'The status of the latest job: queued, running or waiting in flight; then succeeded, failed or
cancelled.';
comment on column public.product_overview.is_sample is
'Whether the latest analysis used sample data instead of data about the product. Show that. Null
before the first analysis.';
comment on column public.product_overview.previous_score is
'The score of the pack before the latest one; null without one.';
comment on column public.product_overview.script_count is
'How many scripts the product has. Not named scripts, so that scripts can be embedded.';
comment on column public.product_overview.source_kind is
'Where the data of the latest analysis comes from; null before the first.';
grant select on public.product_overview to authenticated;
grant select on public.product_overview to service_role;

create function private.own_usage()
returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'products', (
            select count(*) from public.products as p
            where p.user_id = auth.uid() and p.archived_at is null
        )
    )
    || coalesce(jsonb_object_agg(m.metric, coalesce(u.used, 0)), '{}')
    from unnest('{analyses,scripts}'::text[]) as m (metric)
    left join private.usage as u
        on u.user_id = auth.uid() and m.metric = u.metric and u.month = private.current_month()
$$;
comment on function private.own_usage is
'The caller''s usage now, by metric. Definer: usage is internal; identity comes from the token.';
grant execute on function private.own_usage to authenticated;

create function private.own_seats()
returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'limit', private.limit_of(a.id, 'seats'), 'used', private.used_seats(a.id)
    )
    from public.accounts as a where a.id = auth.uid() and a.kind = 'organisation'
$$;
comment on function private.own_seats is
'The seats of the caller''s organisation, {limit, used}; null for a person. Definer: memberships are
internal; identity comes from the token.';
grant execute on function private.own_seats to authenticated;

create function private.own_plan()
returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select private.plan_of(auth.uid())
$$;
comment on function private.own_plan is
'The caller''s plan. Definer: entitlements are internal; identity comes from the token.';
grant execute on function private.own_plan to authenticated;

create function public.account(
    out plan text,
    out limits jsonb,
    out usage jsonb,
    out resets_at timestamptz,
    out subscription jsonb,
    out tiktok jsonb,
    out role text,
    out seats jsonb
)
language sql stable security invoker set search_path = pg_catalog, pg_temp
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
        private.own_tiktok(),
        private.account_role(),
        private.own_seats()
    from public.plans as p
    where p.id = private.own_plan()
$$;
comment on function public.account is
'The caller''s plan with its limits, its usage, when monthly limits start again (resets_at), the
subscription and the connected TikTok account, both null without one. role is the caller''s: admin,
editor or viewer. seats, {limit, used}, are an organisation''s; null for a person''s own account.';
grant execute on function public.account to authenticated;
