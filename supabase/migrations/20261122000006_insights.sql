-- Insights: what the analysis of a product leaves for its owner. Transformed results only, never
-- what was scraped.

create table public.analysis_results (
    id uuid primary key default gen_random_uuid(),
    product_id uuid not null references public.products on delete cascade,
    user_id uuid not null,
    job_id uuid references public.jobs on delete set null,
    type text not null check (type ~ '^[a-z][a-z_]{1,49}$'),
    content jsonb not null
    check (content ? 'schema_version' and pg_column_size(content) <= 262144),
    engine text not null,
    created_at timestamptz not null default now(),
    constraint analysis_results_job_id_type_key unique (job_id, type)
);
comment on table public.analysis_results is
'One result of one analysis of a product. Written by workers only.';
comment on column public.analysis_results.job_id is
'The job that made it; null once that job is pruned.';
comment on column public.analysis_results.type is
'What it is: sentiment_summary, virality_breakdown…';
comment on column public.analysis_results.content is
'The result; its shape is named by type and schema_version.';
comment on column public.analysis_results.engine is 'What computed it, e.g. embedded.';
-- The newest of a type is one look-up, for each product of a dashboard; all of one product are few.
create index analysis_results_product_id_type_created_at_idx
on public.analysis_results (product_id, type, created_at desc);
create index analysis_results_user_id_created_at_idx
on public.analysis_results (user_id, created_at desc);

alter table public.analysis_results enable row level security;
create policy analysis_results_select_own on public.analysis_results
for select to authenticated
using (user_id = (select auth.uid()));

grant select on public.analysis_results to authenticated;
grant select, insert, update, delete on public.analysis_results to service_role;

create table public.virality_packs (
    id uuid primary key default gen_random_uuid(),
    product_id uuid not null references public.products on delete cascade,
    user_id uuid not null,
    job_id uuid unique references public.jobs on delete set null,
    name text not null check (char_length(name) between 1 and 200),
    configuration jsonb not null
    check (configuration ? 'schema_version' and pg_column_size(configuration) <= 262144),
    score numeric(4, 1) check (score between 0 and 100),
    created_at timestamptz not null default now()
);
comment on table public.virality_packs is
'What a creator works from: hooks, angles, script beats, hashtags, with the evidence behind them.';
comment on column public.virality_packs.job_id is
'The job that made it; null once that job is pruned.';
comment on column public.virality_packs.score is
'Virality score, 0 to 100; null where the data is insufficient.';
create index virality_packs_product_id_created_at_idx
on public.virality_packs (product_id, created_at desc);
create index virality_packs_user_id_created_at_idx
on public.virality_packs (user_id, created_at desc);

alter table public.virality_packs enable row level security;
create policy virality_packs_select_own on public.virality_packs
for select to authenticated
using (user_id = (select auth.uid()));
create policy virality_packs_update_own on public.virality_packs
for update to authenticated
using (user_id = (select auth.uid()))
with check (user_id = (select auth.uid()));
create policy virality_packs_delete_own on public.virality_packs
for delete to authenticated
using (user_id = (select auth.uid()));

create function private.virality_packs_validate()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    v_problem text := private.name_problem(new.name);
begin
    if v_problem is not null then
        perform private.fail(
            422, 'invalid_name', 'The pack''s name ' || v_problem, '{"field": "name"}'
        );
    end if;
    new.name := btrim(new.name);
    return new;
end;
$$;
comment on function private.virality_packs_validate is
'Trigger: answers plain mistakes with a sentence. Errors: 422 invalid_name.';
create trigger virality_packs_10_validate before insert or update of name on public.virality_packs
for each row execute function private.virality_packs_validate();

grant select, delete on public.virality_packs to authenticated;
grant update (name) on public.virality_packs to authenticated;
grant select, insert, update, delete on public.virality_packs to service_role;

create function private.analysis_input(job_id uuid)
returns table (product_id uuid, product_name text, source_url text, last_breakdown jsonb)
language sql
stable
security definer
set search_path = ''
begin atomic
    select
        p.id,
        p.name,
        p.source_url,
        (
            select r.content from public.analysis_results as r
            where r.product_id = p.id and r.type = 'virality_breakdown'
            order by r.created_at desc limit 1
        )
    from public.jobs as j inner join public.products as p on j.product_id = p.id
    where j.id = analysis_input.job_id;
end;
comment on function private.analysis_input is
'What analyze_product works on; last_breakdown is the newest earlier one (its derived counts give
velocity), or null.';
grant execute on function private.analysis_input to worker;

create function private.save_analysis(
    queue text, msg_id bigint, read_ct integer, job_id uuid, results jsonb, pack jsonb
)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    v_product public.products;
begin
    -- Product, then message: the lock order of everything that touches both.
    update public.products as p set last_analyzed_at = now()
    from public.jobs as j
    where j.id = save_analysis.job_id and p.id = j.product_id
    returning p.* into v_product;
    if not found or private.is_held(
        save_analysis.queue, save_analysis.msg_id, save_analysis.read_ct
    ) is distinct from save_analysis.job_id then
        return false;
    end if;
    insert into public.analysis_results (product_id, user_id, job_id, type, content, engine)
    select v_product.id, v_product.user_id, save_analysis.job_id, r.type, r.content, r.engine
    from jsonb_to_recordset(save_analysis.results) as r (type text, content jsonb, engine text);
    insert into public.virality_packs (product_id, user_id, job_id, name, configuration, score)
    select
        v_product.id, v_product.user_id, save_analysis.job_id, r.name, r.configuration, r.score
    from jsonb_to_record(save_analysis.pack) as r (name text, configuration jsonb, score numeric);
    return true;
end;
$$;
comment on function private.save_analysis is
'Saves what analyze_product found; the worker acknowledges in the same transaction. False: the lease
or the product is gone, and the caller must roll back. Owner and product come from the job, never
from the worker.';
grant execute on function private.save_analysis to worker;
