-- Product overview: what a dashboard lists, in one request.

create view public.product_overview with (security_invoker = true) as
select
    p.id,
    p.user_id,
    p.name,
    p.source_url,
    p.created_at,
    p.updated_at,
    p.last_analyzed_at,
    pack.id as pack_id,
    pack.name as pack_name,
    pack.score as pack_score,
    pack.configuration -> 'score' ->> 'band' as score_band,
    pack.configuration ->> 'headline' as headline,
    pack.created_at as pack_created_at,
    sentiment.content -> 'overall' ->> 'label' as sentiment_label,
    (sentiment.content -> 'overall' ->> 'net')::double precision as sentiment_net,
    job.id as job_id,
    job.kind as job_kind,
    job.status as job_status,
    job.stage as job_stage,
    job.progress as job_progress,
    job.error_code as job_error_code,
    job.error_message as job_error_message
from public.products as p
left join lateral (
    select
        v.id,
        v.name,
        v.score,
        v.configuration,
        v.created_at
    from public.virality_packs as v
    where v.product_id = p.id
    order by v.created_at desc
    limit 1
) as pack on true
left join lateral (
    select r.content
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
'The caller''s products, each with its latest pack, its scores, and its latest job.

Order by created_at and id, both descending, to page through it. Reads carry an ETag.';
comment on column public.product_overview.score_band is
'breakout, above, typical, below or insufficient_data; null before the first pack.';
comment on column public.product_overview.sentiment_net is
'From -1 to 1; null where nothing was found to judge.';
comment on column public.product_overview.job_status is
'Of the latest job: queued, running or waiting while it is in flight.';
grant select on public.product_overview to authenticated;
grant select on public.product_overview to service_role;
