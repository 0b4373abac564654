-- Insights: results and packs of the analyses of a product. They never hold scraped data.

create table public.analysis_results (
    id uuid primary key default gen_random_uuid(),
    product_id uuid not null references public.products on delete cascade,
    user_id uuid not null references public.accounts on delete cascade,
    job_id uuid,
    type text not null check (type ~ '^[a-z][a-z_]{1,49}$'),
    content jsonb not null
    check (content ? 'schema_version' and pg_column_size(content) <= 262144),
    engine text not null,
    created_at timestamptz not null default now(),
    -- Lists read these columns. Unpacking twenty documents of 9 kB costs more than the rest of the
    -- request.
    sentiment_label text generated always as (
        case when type = 'sentiment_summary' then content -> 'overall' ->> 'label' end
    ) stored,
    sentiment_net double precision generated always as (
        case
            when
                type = 'sentiment_summary'
                and jsonb_typeof(content -> 'overall' -> 'net') = 'number'
                then (content -> 'overall' ->> 'net')::double precision
        end
    ) stored,
    is_sample boolean generated always as (
        content -> 'subject' ->> 'source_kind' = 'sample'
    ) stored,
    source_kind text generated always as (content -> 'subject' ->> 'source_kind') stored,
    constraint analysis_results_job_id_type_key unique (job_id, type)
);
comment on table public.analysis_results is
'One result of one analysis of a product. Only workers write it.';
-- No foreign key: pruning jobs would rewrite their results.
comment on column public.analysis_results.job_id is
'The job that computed it, even after that job is pruned; null without one.';
comment on column public.analysis_results.type is
'The kind of result: sentiment_summary, virality_breakdown…';
comment on column public.analysis_results.content is
'The result; type and schema_version name its JSON Schema.';
comment on column public.analysis_results.engine is
'What computed it, such as embedded.';
comment on column public.analysis_results.is_sample is
'Whether it comes from the included sample data, not from data about the product. Null if the
content names no source.';
comment on column public.analysis_results.source_kind is
'From the content: where its data comes from, such as web or sample. Null if it names no source.';
comment on column public.analysis_results.sentiment_label is
'From the content of a sentiment_summary; null for other types.';
comment on column public.analysis_results.sentiment_net is
'From the content of a sentiment_summary, from -1 to 1. Null for other types, or without any text
to judge.';

-- Finds the newest of a type in one look-up for each product of a dashboard.
create index analysis_results_product_id_type_created_at_idx
on public.analysis_results (product_id, type, created_at desc);
create index analysis_results_user_id_created_at_idx
on public.analysis_results (user_id, created_at desc);
-- All rows of a product belong to one account. Without these statistics the planner expects the
-- policy to leave almost no row. Then it sorts rows instead of reading the newest from the index.
create statistics public.analysis_results_product_id_user_id_stats (dependencies)
on product_id, user_id from public.analysis_results;

alter table public.analysis_results enable row level security;
create policy analysis_results_select_own on public.analysis_results
for select to authenticated
using (user_id = (select auth.uid()));

grant select on public.analysis_results to authenticated;
grant select, insert, update, delete on public.analysis_results to service_role;

create table public.virality_packs (
    id uuid primary key default gen_random_uuid(),
    product_id uuid not null references public.products on delete cascade,
    user_id uuid not null references public.accounts on delete cascade,
    job_id uuid unique,
    name text not null check (char_length(name) between 1 and 200),
    configuration jsonb not null
    check (configuration ? 'schema_version' and pg_column_size(configuration) <= 262144),
    score numeric(4, 1) check (score between 0 and 100),
    created_at timestamptz not null default now(),
    score_band text generated always as (
        coalesce(configuration -> 'stands_out', configuration -> 'score') ->> 'band'
    ) stored,
    headline text generated always as (configuration ->> 'headline') stored,
    expires_at timestamptz,
    previous_score numeric(4, 1)
);
comment on table public.virality_packs is
'A creator''s working material: hooks, angles and script beats, each with its evidence.';
comment on column public.virality_packs.job_id is
'The job that wrote it, even after that job is pruned; null without one.';
comment on column public.virality_packs.score is
'How far the video stands out: it does better than so many of 100 posts. Null where nothing is
known to compare it with.';
comment on column public.virality_packs.score_band is
'From the configuration: breakout, above, typical, below or insufficient_data.';
comment on column public.virality_packs.headline is
'From the configuration: what to film first and why, or the main finding.';
comment on column public.virality_packs.expires_at is
'From the configuration: when its data is no longer fresh. Null if it does not say.';
comment on column public.virality_packs.previous_score is
'The score of the pack before it, when it was written; null without one.';

create index virality_packs_product_id_created_at_idx
on public.virality_packs (product_id, created_at desc);
create index virality_packs_user_id_created_at_idx
on public.virality_packs (user_id, created_at desc);
create statistics public.virality_packs_product_id_user_id_stats (dependencies)
on product_id, user_id from public.virality_packs;

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
create policy virality_packs_update_editor on public.virality_packs as restrictive
for update to authenticated
using ((select private.has_role('editor')));
create policy virality_packs_delete_editor on public.virality_packs as restrictive
for delete to authenticated
using ((select private.has_role('editor')));

create function private.virality_packs_validate()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.require_name(new.name, 'The pack''s name');
    new.name := btrim(new.name);
    return new;
end;
$$;
comment on function private.virality_packs_validate is
'Trigger: refuses an invalid name with a sentence. Errors: 422 invalid_name.';

create function private.virality_packs_derive()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    -- No generated column: reading a time depends on the session.
    new.expires_at := new.configuration #>> '{freshness,expires_at}';
    select v.score into new.previous_score from public.virality_packs as v
    where v.product_id = new.product_id and v.created_at < new.created_at
    order by v.created_at desc limit 1;
    return new;
end;
$$;
comment on function private.virality_packs_derive is
'Trigger: fills columns that lists show: the expiry in the configuration, and the score of the pack
before.';

create trigger virality_packs_11_derive before insert on public.virality_packs
for each row execute function private.virality_packs_derive();
create trigger virality_packs_10_validate before insert or update of name on public.virality_packs
for each row execute function private.virality_packs_validate();
create trigger virality_packs_60_bump_on_insert after insert on public.virality_packs
referencing new table as changed
for each statement execute function private.bump_read_version();
create trigger virality_packs_61_bump_on_update after update on public.virality_packs
referencing new table as changed
for each statement execute function private.bump_read_version();
create trigger virality_packs_62_bump_on_delete after delete on public.virality_packs
referencing old table as changed
for each statement execute function private.bump_read_version();

grant select, delete on public.virality_packs to authenticated;
grant update (name) on public.virality_packs to authenticated;
grant select, insert, update, delete on public.virality_packs to service_role;

create function private.analysis_input(job_id uuid)
returns table (
    product_id uuid,
    product_name text,
    source_url text,
    has_transcripts boolean,
    last_breakdown jsonb,
    last_numbers jsonb,
    record jsonb,
    locale text
)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select
        p.id,
        p.name,
        p.source_url,
        (select l.has_transcripts from public.plans as l where l.id = private.plan_of(p.user_id)),
        (
            select r.content from public.analysis_results as r
            where r.product_id = p.id and r.type = 'virality_breakdown'
            order by r.created_at desc limit 1
        ),
        (
            select to_jsonb(n) from public.analysis_numbers as n
            where n.product_id = p.id
            order by n.created_at desc limit 1
        ),
        private.shown_record(p.user_id),
        (select a.locale from public.accounts as a where a.id = p.user_id)
    from public.jobs as j inner join public.products as p on j.product_id = p.id
    where j.id = analysis_input.job_id;
end;
comment on function private.analysis_input is
'The input of analyze_product; no row if the product is gone. last_breakdown is the newest earlier
virality_breakdown, whose counts give the velocity, or null. has_transcripts: the owner''s plan reads
what videos say. last_numbers is the newest row of analysis_numbers, or null. record is what
private.shown_record says. locale is the language of the owner''s packs. Definer: workers have no
table rights.';
grant execute on function private.analysis_input to worker;

create function private.prune_analyses(product_id uuid, user_id uuid)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_oldest timestamptz;
begin
    -- All rows of one analysis have the same created_at.
    select r.created_at into v_oldest from public.analysis_results as r
    where r.product_id = prune_analyses.product_id
    group by r.created_at
    order by r.created_at desc
    limit 1 offset private.limit_of(prune_analyses.user_id, 'kept_analyses') - 1;
    if not found then
        return;
    end if;
    -- Skips locked rows, because waiting could deadlock. The next analysis deletes them.
    delete from public.virality_packs as v where v.id = any (array(
        select o.id from public.virality_packs as o
        where o.product_id = prune_analyses.product_id and o.created_at < v_oldest
        for update skip locked
    ));
    delete from public.analysis_results as r where r.id = any (array(
        select o.id from public.analysis_results as o
        where o.product_id = prune_analyses.product_id and o.created_at < v_oldest
        for update skip locked
    ));
end;
$$;
comment on function private.prune_analyses is
'Deletes the results and packs of a product beyond its newest plans.kept_analyses analyses.';

create function private.save_analysis(
    msg_id bigint,
    read_ct integer,
    job_id uuid,
    results jsonb,
    pack jsonb,
    offer jsonb default '{}'
)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_product public.products;
    v_result_ids jsonb;
begin
    -- Locks the product before the message: the lock order of everything that touches both.
    select p.* into v_product
    from public.jobs as j inner join public.products as p on j.product_id = p.id
    where j.id = save_analysis.job_id for no key update of p;
    if not found or (
        private.lock_message(save_analysis.msg_id, save_analysis.read_ct)
    ).job_id is distinct from save_analysis.job_id then
        return false;
    end if;
    with saved as (
        insert into public.analysis_results (product_id, user_id, job_id, type, content, engine)
        select v_product.id, v_product.user_id, save_analysis.job_id, r.type, r.content, r.engine
        from jsonb_to_recordset(save_analysis.results) as r (type text, content jsonb, engine text)
        returning id, type
    )
    select coalesce(jsonb_agg(s.id order by s.type), '[]') into v_result_ids from saved as s;
    perform private.save_numbers(v_product, save_analysis.results, save_analysis.offer);
    perform private.notify(
        v_product.user_id,
        case when c.kind like 'stands_out%' then 'score_changed' else c.kind end,
        v_product.id,
        format('%s: %s', v_product.name, c.text),
        jsonb_build_object('product', v_product.name, 'change', c.kind, 'sentence', c.text)
    ) from jsonb_to_recordset(save_analysis.pack #> '{configuration,what_changed}')
        as c (kind text, text text)
    where c.kind in (
        'new_complaint', 'sold_out', 'back_in_stock', 'stands_out_up', 'stands_out_down'
    );
    perform private.notify(v_product.user_id, 'analysis_done', v_product.id, concat_ws(
        ' ', format('The analysis of %s is done.', v_product.name),
        'It stands out more than ' || trim_scale((save_analysis.pack ->> 'score')::numeric)
        || ' of 100 posts.'
    ), jsonb_build_object(
        'product', v_product.name, 'score', (save_analysis.pack ->> 'score')::numeric
    ));
    insert into public.virality_packs (product_id, user_id, job_id, name, configuration, score)
    select
        v_product.id,
        v_product.user_id,
        save_analysis.job_id,
        r.name,
        jsonb_set(r.configuration, '{inputs, analysis_result_ids}', v_result_ids),
        r.score
    from jsonb_to_record(save_analysis.pack) as r (name text, configuration jsonb, score numeric);
    perform private.prune_analyses(v_product.id, v_product.user_id);
    -- Last, because it bumps read_version, whose lock comes last.
    update public.products as p set last_analyzed_at = now() where p.id = v_product.id;
    return true;
end;
$$;
comment on function private.save_analysis is
'Saves the results and the pack of analyze_product. The worker completes the job in the same
transaction. False: the lease or the product is gone, and the caller must roll back. The pack
names its results (inputs.analysis_result_ids). offer has the price, currency and is_sold_out of
the product''s page. Notifies that it is done, and of what changed: the score, new complaints, what
is sold out or back in stock. Definer: owner and product come from the job.';
grant execute on function private.save_analysis to worker;
