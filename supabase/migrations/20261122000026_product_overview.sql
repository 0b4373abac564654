-- Product overview: what a dashboard lists, in one request.

-- A list must not unpack the documents: twenty packs of 9 kB cost more than the rest of
-- the request. The tables were made in the same push, so there is nothing to rewrite.
alter table public.virality_packs
add column score_band text
-- squawk-ignore adding-field-with-default
generated always as (configuration -> 'score' ->> 'band') stored,
add column headline text
-- squawk-ignore adding-field-with-default
generated always as (configuration ->> 'headline') stored;
comment on column public.virality_packs.score_band is
'From the configuration: breakout, above, typical, below or insufficient_data.';
comment on column public.virality_packs.headline is
'From the configuration: what was found, in one sentence.';

alter table public.analysis_results
add column sentiment_label text
-- squawk-ignore adding-field-with-default
generated always as (
    case when type = 'sentiment_summary' then content -> 'overall' ->> 'label' end
) stored,
add column sentiment_net double precision
-- squawk-ignore adding-field-with-default
generated always as (
    case
        when type = 'sentiment_summary' and jsonb_typeof(content -> 'overall' -> 'net') = 'number'
            then (content -> 'overall' ->> 'net')::double precision
    end
) stored,
add column is_sample boolean
-- squawk-ignore adding-field-with-default
generated always as (content -> 'subject' ->> 'source_kind' = 'sample') stored;
comment on column public.analysis_results.is_sample is
'Whether it was computed from the sample data that comes along, not from data about the product;
null where the content names no source.';
comment on column public.analysis_results.sentiment_label is
'From the content of a sentiment_summary; null for other types.';
comment on column public.analysis_results.sentiment_net is
'From the content of a sentiment_summary, from -1 to 1; null for other types, or where nothing was
found to judge.';

-- A product's rows are all of one account. Unaware of it, the planner expects that almost none is
-- left when the policy has looked, and sorts them instead of taking the newest from the index.
create statistics public.analysis_results_product_id_user_id_stats (dependencies)
on product_id, user_id from public.analysis_results;
create statistics public.virality_packs_product_id_user_id_stats (dependencies)
on product_id, user_id from public.virality_packs;
create statistics public.jobs_product_id_user_id_stats (dependencies)
on product_id, user_id from public.jobs;

create view public.product_overview with (security_invoker = true) as
select
    p.id,
    p.user_id,
    p.name,
    p.source_url,
    p.created_at,
    p.updated_at,
    p.last_analyzed_at,
    -- Plain columns would relate the view to what names a pack or a job as well, and embedding
    -- scripts would ask which relationship is meant (PGRST201).
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
    sentiment.is_sample
from public.products as p
left join lateral (
    select
        v.id,
        v.name,
        v.score,
        v.score_band,
        v.headline,
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
        r.is_sample
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

Order by created_at and id, both descending. Page by the last row that you have, not by offset:
created_at=lte.T&or=(created_at.lt.T,id.lt.I)&order=created_at.desc,id.desc&limit=20 goes on at once
however far it is. Reads carry an ETag; sent back as If-None-Match it gives 304 while nothing has
changed.';
comment on column public.product_overview.score_band is
'breakout, above, typical, below or insufficient_data; null before the first pack.';
comment on column public.product_overview.sentiment_net is
'From -1 to 1; null where nothing was found to judge.';
comment on column public.product_overview.job_id is
'Of the latest job. Jobs are removed 30 days after they have finished; then this and the other job_*
are null, although the pack is there.';
comment on column public.product_overview.job_status is
'Of the latest job: queued, running or waiting while it is in flight; else succeeded, failed or
cancelled.';
comment on column public.product_overview.is_sample is
'Whether the latest analysis was of sample data, not of data about the product: say so beside it.
Null before the first analysis.';
grant select on public.product_overview to authenticated;
grant select on public.product_overview to service_role;
