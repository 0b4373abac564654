-- Scripts for a product, as drafts or final, and the earlier texts of each.

create table public.scripts (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid() references public.accounts on delete cascade,
    product_id uuid not null references public.products on delete cascade,
    job_id uuid unique,
    title text check (char_length(title) between 1 and 200),
    content text not null check (char_length(content) between 1 and 10000),
    status text not null default 'draft' check (status in ('draft', 'final')),
    origin text not null default 'user' check (origin in ('user', 'ai')),
    version integer not null default 1 check (version >= 1),
    broken_rules jsonb,
    review jsonb,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid
);
comment on table public.scripts is 'Texts that creators speak and post, written by them or by AI.';
comment on column public.scripts.user_id is 'The account, from the token.';
-- No foreign key: pruning jobs would rewrite their scripts.
comment on column public.scripts.job_id is
'The job that wrote it, even after that job is pruned; null if the user wrote it.';
comment on column public.scripts.title is 'The user''s title for it; null without one.';
comment on column public.scripts.status is
'draft, or final: the text broke no rule of severity error when it was saved. New and changed
rules apply to a final script only when its text changes.';
comment on column public.scripts.origin is 'Who wrote the first text: user or ai.';
comment on column public.scripts.version is
'Grows with each change of text or title, from 1. Put the one that you have read into the filter of
an update (version=eq.N): then two tabs conflict instead of overwriting each other. Earlier texts
are in script_versions.';
comment on column public.scripts.broken_rules is
'The rules that an AI-written text breaks: [{rule_name, severity, message}]; null for a user''s
text.';
comment on column public.scripts.review is
'How a language model judged this text by the rules that need judgement: [{rule_id, rule_name,
kind, severity, status, message, source}]. source is ai, or none (with status needs_review)
without a judgement. Advice only: it keeps no script from being final. Null for a user''s text.';
comment on column public.scripts.created_by is
'The account of the person who added it; null: AI wrote it, or the person''s account was erased.';
comment on column public.scripts.updated_by is
'The account of the person who changed it last; null: nobody has, or the person''s account was
erased.';

create index scripts_user_id_created_at_idx on public.scripts (user_id, created_at desc);
create index scripts_product_id_created_at_idx on public.scripts (product_id, created_at desc);
-- For the erasure of a person. Rows of a person's own account go with the account.
create index scripts_created_by_idx on public.scripts (created_by) where created_by <> user_id;
create index scripts_updated_by_idx on public.scripts (updated_by) where updated_by <> user_id;

alter table public.scripts enable row level security;
create policy scripts_select_own on public.scripts
for select to authenticated
using (user_id = (select auth.uid()));
create policy scripts_insert_own on public.scripts
for insert to authenticated
with check (user_id = (select auth.uid()));
create policy scripts_update_own on public.scripts
for update to authenticated
using (user_id = (select auth.uid()))
with check (user_id = (select auth.uid()));
create policy scripts_delete_own on public.scripts
for delete to authenticated
using (user_id = (select auth.uid()));
create policy scripts_insert_editor on public.scripts as restrictive
for insert to authenticated
with check ((select private.has_role('editor')));
create policy scripts_update_editor on public.scripts as restrictive
for update to authenticated
using ((select private.has_role('editor')));
create policy scripts_delete_editor on public.scripts as restrictive
for delete to authenticated
using ((select private.has_role('editor')));

create table public.script_versions (
    id uuid primary key default gen_random_uuid(),
    script_id uuid not null references public.scripts on delete cascade,
    user_id uuid not null references public.accounts on delete cascade,
    version integer not null,
    content text not null,
    created_at timestamptz not null default now(),
    created_by uuid,
    constraint script_versions_script_id_version_key unique (script_id, version)
);
comment on table public.script_versions is
'The newest 100 earlier texts of each script. rpc/restore_script_version restores one.';
comment on column public.script_versions.created_at is 'When a newer text replaced this one.';
comment on column public.script_versions.created_by is
'The account of the person who wrote this text; null: AI wrote it, or the person''s account was
erased.';
create index script_versions_user_id_created_at_idx
on public.script_versions (user_id, created_at desc);
create index script_versions_created_by_idx
on public.script_versions (created_by) where created_by <> user_id;

alter table public.script_versions enable row level security;
create policy script_versions_select_own on public.script_versions
for select to authenticated
using (user_id = (select auth.uid()));

create function private.scripts_validate()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_broken jsonb;
begin
    if new.title is not null then
        perform private.require_text(
            new.title, 'invalid_script', 'title', 'The script''s title', 200
        );
    end if;
    perform private.require_text(
        new.content, 'invalid_script', 'content', 'The script''s text', 10000
    );
    if new.status is null or new.status not in ('draft', 'final') then
        perform private.fail(
            422, 'invalid_script', 'A script''s status is draft or final.',
            '{"field": "status", "reason": "not_allowed", "allowed": ["draft", "final"]}'
        );
    end if;
    if tg_op = 'INSERT' and new.product_id is null then
        perform private.fail(
            422, 'invalid_script', 'A script belongs to a product: product_id is missing.',
            '{"field": "product_id", "reason": "missing"}'
        );
    elsif tg_op = 'INSERT' then
        -- Locks the product. A product whose deletion has begun counts as missing.
        perform from public.products as p
        where p.id = new.product_id and p.user_id = new.user_id for key share;
        if not found then
            perform private.fail(
                404, 'not_found', 'There is no such product.', '{"field": "product_id"}'
            );
        end if;
    end if;
    if new.status <> 'final' or tg_op = 'UPDATE' and old.status = 'final'
        and old.content = new.content then
        return new;
    end if;
    select jsonb_agg(jsonb_build_object(
        'rule_id', c.rule_id, 'rule_name', c.rule_name, 'message', c.message, 'spans', c.spans
    ))
    into v_broken
    from private.check_rules(new.user_id, new.content, new.product_id) as c
    where c.severity = 'error' and c.status = 'fail';
    if v_broken is not null then
        perform private.fail(
            422, 'script_not_compliant',
            format('This script can''t be final: it breaks “%s”.', v_broken -> 0 ->> 'rule_name'),
            jsonb_build_object('rules', v_broken)
        );
    end if;
    return new;
end;
$$;
comment on function private.scripts_validate is
'Trigger: refuses missing, empty, too long and wrong values with a sentence. Requires a product of
the same account. Keeps a script that breaks a rule of severity error from being final. Errors: 422
invalid_script, 404 not_found, 422 script_not_compliant.';

create function private.scripts_keep_version()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into public.script_versions (script_id, user_id, version, content, created_by)
    values (old.id, old.user_id, old.version, old.content, old.updated_by);
    -- An editor with autosave makes a version every few seconds, so the number is bounded.
    delete from public.script_versions as v
    where v.script_id = old.id and v.version <= (
        select o.version from public.script_versions as o
        where o.script_id = old.id
        order by o.version desc
        limit 1 offset 100
    );
    new.broken_rules := null;
    new.review := null;
    return new;
end;
$$;
comment on function private.scripts_keep_version is
'Trigger: stores the text that an update replaces. Definer: users may read earlier texts, not
write them.';

create function private.scripts_raise_version()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    new.version := old.version + 1;
    return new;
end;
$$;
comment on function private.scripts_raise_version is
'Trigger: numbers each change of text or title, so that a filter on version finds a change of
another tab.';

create trigger scripts_01_admit_row before insert on public.scripts
for each row execute function private.admit_row();
create trigger scripts_10_validate before insert or update on public.scripts
for each row execute function private.scripts_validate();
create trigger scripts_40_require_quota after insert on public.scripts
referencing new table as added
for each statement execute function private.require_quota('stored_scripts');
create trigger scripts_50_keep_version before update on public.scripts
for each row when (old.content is distinct from new.content)
execute function private.scripts_keep_version();
create trigger scripts_51_raise_version before update on public.scripts
for each row when (
    old.content is distinct from new.content or old.title is distinct from new.title
)
execute function private.scripts_raise_version();
create trigger scripts_60_bump_on_insert after insert on public.scripts
referencing new table as changed
for each statement execute function private.bump_read_version();
create trigger scripts_61_bump_on_update after update on public.scripts
referencing new table as changed
for each statement execute function private.bump_read_version();
create trigger scripts_62_bump_on_delete after delete on public.scripts
referencing old table as changed
for each statement execute function private.bump_read_version();
create trigger scripts_90_stamp_author before insert or update on public.scripts
for each row execute function private.stamp_author();

grant select, delete on public.scripts to authenticated;
-- Frontends often send user_id; the policies accept only the caller's own.
grant insert (id, user_id, product_id, title, content, status)
on public.scripts to authenticated;
grant update (title, content, status) on public.scripts to authenticated;
grant select, insert, update, delete on public.scripts to service_role;
grant select on public.script_versions to authenticated;
grant select, insert, update, delete on public.script_versions to service_role;

create function public.restore_script_version(script_id uuid, version integer)
returns public.scripts
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_script public.scripts;
begin
    update public.scripts as s set content = v.content, status = 'draft'
    from public.script_versions as v
    where s.id = restore_script_version.script_id
        and v.script_id = s.id
        and v.version = restore_script_version.version
    returning s.* into v_script;
    if not found then
        perform private.fail(404, 'not_found', 'This script has no such version.');
    end if;
    return v_script;
end;
$$;
comment on function public.restore_script_version is
'Restores an earlier text of a script as a draft. The replaced text becomes a version too.

Errors: 404 not_found.';
grant execute on function public.restore_script_version to authenticated;

-- AI writes a script: a job reads the product's latest pack, the account's rules and the user's
-- brief, and saves a draft.

create function private.start_script(product_id uuid, brief text)
returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.require_role('editor');
    perform private.hold_active_product(start_script.product_id);
    if not exists (
        select from public.virality_packs as v where v.product_id = start_script.product_id
    ) then
        perform private.fail(
            409, 'not_analyzed', 'This product has no pack yet: wait for its analysis, or run one.'
        );
    end if;
    perform private.require_below_limit(auth.uid(), 'stored_scripts', count(*)::integer, 1)
    from public.scripts as s where s.user_id = auth.uid();
    -- The same request twice, from a double click or two tabs, is one job.
    return private.enqueue(
        'generate_script', auth.uid(), start_script.product_id,
        start_script.product_id || ':' || md5(start_script.brief),
        jsonb_build_object('brief', start_script.brief)
    );
end;
$$;
comment on function private.start_script is
'Queues the writing of a script for the caller''s product. Returns the job in flight if the same
request has one. Definer: users may not write jobs. Errors: 403 role_not_allowed, 404 not_found, 409
product_archived, not_analyzed, 402 quota_exceeded.';
grant execute on function private.start_script to authenticated;

create function public.generate_script(product_id uuid, brief text default '')
returns public.jobs
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
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
'AI writes a draft for a product, from its latest pack, the caller''s brand rules and an optional
brief.

Returns the job; its draft appears in scripts with this job_id. The same request again returns the
job in flight. Errors: 403 role_not_allowed, 404 not_found, 409 product_archived, not_analyzed, 422
invalid_brief, 402 quota_exceeded.';
grant execute on function public.generate_script to authenticated;

create function private.script_input(job_id uuid)
returns table (product_name text, pack jsonb, rules jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp
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
            from public.brand_rules as r
            where r.user_id = p.user_id and r.enabled
                and (r.brand_id is null or r.brand_id = private.active_brand(p.user_id, p.id))
        )
    from public.jobs as j inner join public.products as p on j.product_id = p.id
    where j.id = script_input.job_id
$$;
comment on function private.script_input is
'The input of generate_script: the product''s name, its latest pack (null if it was deleted) and
the enabled rules that apply to it, [{id, name, definition}]. No row if the product is gone. The brief is
an argument of the job. Definer: workers have no table rights.';
grant execute on function private.script_input to worker;

create function private.save_script(
    msg_id bigint, read_ct integer, job_id uuid, title text, content text, review jsonb default null
)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_product public.products;
begin
    -- Locks the product before the message: the lock order of everything that touches both.
    select p.* into v_product
    from public.jobs as j inner join public.products as p on j.product_id = p.id
    where j.id = save_script.job_id for key share of p;
    if not found or (
        private.lock_message(save_script.msg_id, save_script.read_ct)
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
    from private.check_rules(v_product.user_id, save_script.content, v_product.id) as c
    where c.status = 'fail';
    return true;
end;
$$;
comment on function private.save_script is
'Saves the draft of generate_script, with the rules that it breaks and the model''s review. The
worker completes the job in the same transaction. False: the lease or the product is gone, and the
caller must roll back. Definer: owner and product come from the job.';
grant execute on function private.save_script to worker;
