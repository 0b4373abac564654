-- Having a script written: a job that takes the product's latest pack, the account's rules and the
-- user's brief, and leaves a draft.

insert into private.job_kinds (kind, queue) values ('generate_script', 'scripts');

create function private.start_script(product_id uuid, brief text)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Locks the product before the job, like everything that touches both.
    perform from public.products as p
    where p.id = start_script.product_id and p.user_id = auth.uid() for key share;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such product.');
    end if;
    if not exists (
        select from public.virality_packs as v where v.product_id = start_script.product_id
    ) then
        perform private.fail(
            409, 'not_analyzed', 'This product has no pack yet: wait for its analysis, or run one.'
        );
    end if;
    perform private.require_room(auth.uid(), 'stored_scripts', count(*)::integer, 1)
    from public.scripts as s where s.user_id = auth.uid();
    -- The same wish twice, from a double click or two tabs, is one job.
    return private.enqueue(
        'generate_script', auth.uid(), start_script.product_id,
        start_script.product_id || ':' || md5(start_script.brief),
        jsonb_build_object('brief', start_script.brief)
    );
end;
$$;
comment on function private.start_script is
'Queues the writing of a script for the caller''s product, or returns the same wish in flight.
Definer: users may not write jobs. Errors: 404 not_found, 409 not_analyzed.';
grant execute on function private.start_script to authenticated;

create function public.generate_script(product_id uuid, brief text default '')
returns public.jobs
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_brief text := btrim(coalesce(brief, ''), E' \t\r\n');
    v_job_id uuid;
    v_job public.jobs;
begin
    if v_brief <> '' then
        perform private.require_text(v_brief, 'invalid_brief', 'brief', 'The brief', 2000);
    end if;
    v_job_id := private.start_script(product_id, v_brief);
    select j.* into v_job from public.jobs as j where j.id = v_job_id;
    return v_job;
end;
$$;
comment on function public.generate_script is
'Has AI write a draft for a product, from its latest pack, the caller''s brand rules and a brief.

The brief is optional. Returns the job; the draft appears in scripts with this job_id. The same
brief again returns the job in flight. Errors: 404 not_found, 409 not_analyzed, 422 invalid_brief, 402 quota_exceeded.';
grant execute on function public.generate_script to authenticated;

create function private.script_input(job_id uuid)
returns table (product_name text, pack jsonb, rules jsonb)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select
        p.name,
        (
            select v.configuration from public.virality_packs as v
            where v.product_id = p.id order by v.created_at desc limit 1
        ),
        (
            select coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'id', r.id, 'name', r.rule_name, 'definition', r.rule_definition
                    )
                    order by r.severity, r.rule_name
                ),
                '[]'
            )
            from public.brand_rules as r where r.user_id = p.user_id and r.enabled
        )
    from public.jobs as j inner join public.products as p on j.product_id = p.id
    where j.id = script_input.job_id
$$;
comment on function private.script_input is
'What generate_script works on: the product''s latest pack (null if it was deleted) and the enabled
rules of its owner, [{id, name, definition}]; no row if the product is gone. The brief is among the
job''s arguments. Definer: workers have no table rights.';
grant execute on function private.script_input to worker;

create function private.save_script(
    queue text,
    msg_id bigint,
    read_ct integer,
    job_id uuid,
    title text,
    content text,
    review jsonb default null
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_product public.products;
begin
    -- Product, then message: the lock order of everything that touches both.
    select p.* into v_product
    from public.jobs as j inner join public.products as p on j.product_id = p.id
    where j.id = save_script.job_id for key share of p;
    if not found or (
        private.hold(save_script.queue, save_script.msg_id, save_script.read_ct)
    ).job_id is distinct from save_script.job_id then
        return false;
    end if;
    insert into public.scripts
    (user_id, product_id, job_id, title, content, origin, review, broken_rules)
    select
        v_product.user_id, v_product.id, save_script.job_id, save_script.title,
        save_script.content, 'ai', save_script.review,
        coalesce(
            jsonb_agg(jsonb_build_object(
                'rule_name', c.rule_name, 'severity', c.severity, 'message', c.message
            )),
            '[]'
        )
    from private.check_rules(v_product.user_id, save_script.content) as c
    where c.status = 'fail';
    return true;
end;
$$;
comment on function private.save_script is
'Saves the draft of generate_script, with the rules that it breaks and what a model made of those
that need judgement; the worker acknowledges in the
same transaction. False: the lease or the product is gone, and the caller must roll back. Definer:
owner and product come from the job.';
grant execute on function private.save_script to worker;
