-- Products: what a user wants insights about. An insert queues the first analysis in the same
-- transaction.

create table public.products (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid() references public.accounts on delete cascade,
    name text not null check (char_length(name) between 1 and 200),
    source_url text not null check (char_length(source_url) <= 2048),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    last_analyzed_at timestamptz,
    watch text not null default 'off' check (watch in ('off', 'weekly', 'daily')),
    created_by uuid,
    updated_by uuid,
    brand_id uuid,
    tags text[] not null default '{}' check (cardinality(tags) <= 20),
    archived_at timestamptz,
    constraint products_brand_id_user_id_fkey foreign key (brand_id, user_id)
    references public.brands (id, user_id) on delete restrict
);
comment on table public.products is
'A product and the public page, TikTok video or TikTok profile that shows it.

The newest first: order=created_at.desc,id.desc&limit=20. Page by the last row that you have, not
by offset: created_at=lte.T&or=(created_at.lt.T,id.lt.I) is fast at any depth. One product with
its packs: id=eq.I&select=*,virality_packs(*). Reads carry an ETag; If-None-Match with it answers
304 while nothing has changed.';
comment on column public.products.user_id is 'The account, from the token.';
comment on column public.products.source_url is
'A shop page, a TikTok video or a TikTok profile. It can''t change later.';
comment on column public.products.last_analyzed_at is
'When its newest results were saved; null before the first.';
comment on column public.products.watch is
'How often it is analysed again by itself: off, weekly or daily. The plan says how often it may
be at most.';
comment on column public.products.created_by is
'The account of the person who added it; null: no person, or the person''s account was erased.';
comment on column public.products.updated_by is
'The account of the person who changed it last; null as above.';
comment on column public.products.brand_id is 'The client that it is for; null without one.';
comment on column public.products.tags is
'Up to 20 tags of up to 40 characters, in lower case, each once. tags=cs.{sale} finds those that
have one.';
comment on column public.products.archived_at is
'When it was archived; null while it is in use. An archived product takes no slot of the plan and
is not analysed. Any timestamp archives it; the server stores its own time. Null restores it, if a
slot is free (402 quota_exceeded).';

create index products_brand_id_user_id_idx on public.products (brand_id, user_id);
-- user_id first for RLS, then "newest first" without a sort. id breaks ties in keyset pagination.
create index products_user_id_created_at_id_idx
on public.products (user_id, created_at desc, id desc);
-- For the erasure of a person. Rows of a person's own account go with the account.
create index products_created_by_idx on public.products (created_by) where created_by <> user_id;
create index products_updated_by_idx on public.products (updated_by) where updated_by <> user_id;

alter table public.products enable row level security;
create policy products_select_own on public.products
for select to authenticated
using (user_id = (select auth.uid()));
create policy products_insert_own on public.products
for insert to authenticated
with check (user_id = (select auth.uid()));
create policy products_update_own on public.products
for update to authenticated
using (user_id = (select auth.uid()))
with check (user_id = (select auth.uid()));
create policy products_delete_own on public.products
for delete to authenticated
using (user_id = (select auth.uid()));
create policy products_insert_editor on public.products as restrictive
for insert to authenticated
with check ((select private.has_role('editor')));
create policy products_update_editor on public.products as restrictive
for update to authenticated
using ((select private.has_role('editor')));
create policy products_delete_editor on public.products as restrictive
for delete to authenticated
using ((select private.has_role('editor')));

-- The same push creates the table: it has no rows to scan and no readers to block.
alter table public.jobs
-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
add constraint jobs_product_id_fkey foreign key (product_id)
references public.products on delete cascade;

create function private.host_problem(host text)
returns text
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_address inet;
begin
    if host ~ '^\[.*\]$' or host ~ '^[0-9.]+$' then
        v_address := trim(both '[]' from host)::inet;
        -- PostgreSQL reads 0177.0.0.1 as 177.0.0.1, browsers as 127.0.0.1: allow one spelling.
        if family(v_address) = 4 and host <> host(v_address) then
            return 'no_website';
        end if;
        -- The last line: IPv6 ranges that contain IPv4 addresses.
        return case when v_address <<= any (array[
            '0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3',
            '::/128', 'fe80::/10', 'ff00::/8', 'fd00:ec2::/32',
            '::ffff:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '2002::/16'
        ]::inet []) then 'not_public' end;
    end if;
    if host !~ '^([a-z0-9_\u0080-\uffff]([a-z0-9_\u0080-\uffff-]{0,61}[a-z0-9_\u0080-\uffff])?\.)*[a-z\u0080-\uffff][a-z0-9\u0080-\uffff-]*\.?$'
        or (host !~ '\.' and host <> 'localhost') then
        return 'no_website';
    end if;
    return null;
exception when invalid_text_representation then
    return 'no_website';
end;
$$;
comment on function private.host_problem is
'What is wrong with the host of a URL: no_website or not_public; null if nothing. Refuses
link-local addresses (cloud metadata), multicast, and ambiguous spellings of addresses. Loopback and
private addresses pass here. The worker''s fetcher refuses them after DNS, by the longer list of
core/addresses.py.';
grant execute on function private.host_problem to authenticated, service_role;

create function private.url_problem(url text, out reason text, out problem text)
language sql immutable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select
        r.reason,
        case r.reason
            when 'missing' then 'is missing.'
            when 'too_long' then 'may have 2,048 characters at most.'
            when 'no_scheme' then 'must start with http:// or https://.'
            when 'control_characters'
                then 'may not contain spaces, control characters or any of " < > \ ^ ` { | }.'
            when 'credentials' then 'may not contain a user name or password.'
            when 'no_website' then 'must name a website, like https://shop.example/mug.'
            when 'not_public' then 'must point to a public web address.'
        end
    from (values (case
        when url is null or url !~ '\S' then 'missing'
        when char_length(url) > 2048 then 'too_long'
        when url !~* '^https?://' then 'no_scheme'
        when url ~ '[\s\u0001-\u001f\u007f"<>\\^`{|}]' then 'control_characters'
        when url ~ '^[^:]+://[^/?#]*@' then 'credentials'
        when url !~ '^[^:]+://(\[[^\]/?#]+\]|[^:/?#\[\]]+)(:\d{1,5})?([/?#]|$)'
            then 'no_website'
        -- Resolvers read full-width digits and letters as ASCII.
        else private.host_problem(
            lower(normalize((regexp_match(url, '^[^:]+://(\[[^\]]+\]|[^:/?#]+)'))[1], nfkc))
        )
    end)) as r (reason);
end;
comment on function private.url_problem is
'What is wrong with a URL, as a reason and as the end of a sentence; nulls if nothing.';
grant execute on function private.url_problem to authenticated, service_role;

create function private.products_validate()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_problem record;
begin
    perform private.require_name(new.name, 'The product''s name');
    select p.* into v_problem from private.url_problem(new.source_url) as p;
    if v_problem.reason is not null then
        perform private.fail(
            422, 'invalid_url', 'The source URL ' || v_problem.problem,
            jsonb_build_object('field', 'source_url', 'reason', v_problem.reason)
            || case v_problem.reason when 'too_long' then '{"max": 2048}' else '{}' end::jsonb
        );
    end if;
    new.name := btrim(new.name);
    return new;
end;
$$;
comment on function private.products_validate is
'Trigger: refuses an invalid name or source URL with a sentence. Errors: 422 invalid_name,
invalid_url.';

create function private.products_normalize_tags()
returns trigger
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_tags text [];
    v_reason text;
begin
    select array_agg(t.tag order by t.position) into v_tags
    from (
        select n.tag, min(n.position) as position
        from unnest(new.tags) with ordinality as u (text, position)
        cross join lateral (
            select lower(btrim(regexp_replace(normalize(u.text, nfc), '\s+', ' ', 'g'))), u.position
        ) as n (tag, position)
        group by n.tag
    ) as t;
    v_reason := case
        when array_ndims(new.tags) > 1 or array_position(v_tags, null) > 0 then 'not_text'
        when '' = any (v_tags) then 'missing'
        when cardinality(v_tags) > 20 then 'too_many'
        when exists (select from unnest(v_tags) as t (tag) where char_length(t.tag) > 40)
            then 'too_long'
        when private.hides_something(array_to_string(v_tags, ''))
            then 'control_characters'
    end;
    if v_reason is not null then
        perform private.fail(
            422, 'invalid_tags',
            'The tags ' || case v_reason
                when 'not_text' then 'must be a list of texts.'
                when 'missing' then 'may not be empty.'
                when 'too_many' then 'may be 20 at most.'
                when 'too_long' then 'may have 40 characters each at most.'
                when 'control_characters'
                    then 'may not contain control or invisible characters.'
            end,
            jsonb_build_object('field', 'tags', 'reason', v_reason)
            || case v_reason
                when 'too_many' then '{"max": 20}' when 'too_long' then '{"max": 40}' else '{}'
            end::jsonb
        );
    end if;
    new.tags := coalesce(v_tags, '{}');
    return new;
end;
$$;
comment on function private.products_normalize_tags is
'Trigger: keeps each tag once, in NFC and lower case, without spaces around it. Spaces inside it
become one. Errors: 422 invalid_tags.';

create function private.products_wait_for_slots()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    -- The lock of private.admit_row: one after the other takes a slot of the plan.
    perform pg_advisory_xact_lock(hashtextextended('products of ' || new.user_id, 0));
    return new;
end;
$$;
comment on function private.products_wait_for_slots is
'Trigger: restored products of an account count one after the other.';

create function private.products_require_slots()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_restored record;
begin
    for v_restored in
        select n.user_id, count(*)::integer as requested
        from changed as n inner join replaced as o on n.id = o.id
        where o.archived_at is not null and n.archived_at is null and auth.uid() is not null
        group by n.user_id
    loop
        perform private.require_below_limit(
            v_restored.user_id, 'products', count(*)::integer - v_restored.requested,
            v_restored.requested
        )
        from public.products as p
        where p.user_id = v_restored.user_id and p.archived_at is null;
    end loop;
    return null;
end;
$$;
comment on function private.products_require_slots is
'Trigger: restored products need slots of the plan. Rows from outside the API are not limited.
Errors: 402 quota_exceeded. Definer: it reads the account''s plan.';

create function private.products_enqueue_analysis()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.enqueue('analyze_product', a.user_id, a.id, a.id::text) from added as a;
    return null;
end;
$$;
comment on function private.products_enqueue_analysis is
'Trigger: queues the first analysis of each new product. Both commit together. Definer: users may
not write jobs.';

create trigger products_01_admit_row before insert on public.products
for each row execute function private.admit_row();
create trigger products_10_validate before insert or update of name, source_url on public.products
for each row execute function private.products_validate();
create trigger products_11_normalize_tags before insert or update of tags on public.products
for each row execute function private.products_normalize_tags();
create trigger products_12_stamp_archived_at before update of archived_at on public.products
for each row execute function private.stamp_archived_at();
create trigger products_13_require_brand before insert or update of brand_id on public.products
for each row execute function private.require_brand();
create trigger products_16_wait_for_slots before update of archived_at on public.products
for each row when (old.archived_at is not null and new.archived_at is null)
execute function private.products_wait_for_slots();
create trigger products_20_stamp_author before insert or update on public.products
for each row execute function private.stamp_author();
create trigger products_40_require_quota after insert on public.products
referencing new table as added
for each statement execute function private.require_quota('products');
create trigger products_41_require_slots after update on public.products
referencing old table as replaced new table as changed
for each statement execute function private.products_require_slots();
create trigger products_50_enqueue_analysis after insert on public.products
referencing new table as added
for each statement execute function private.products_enqueue_analysis();
create trigger products_60_bump_on_insert after insert on public.products
referencing new table as changed
for each statement execute function private.bump_read_version();
create trigger products_61_bump_on_update after update on public.products
referencing new table as changed
for each statement execute function private.bump_read_version();
create trigger products_62_bump_on_delete after delete on public.products
referencing old table as changed
for each statement execute function private.bump_read_version();
-- Other changes of a job show in the live jobs, or in the rows that it writes.
create trigger jobs_60_bump_read_version after update of status on public.jobs
for each row when (
    new.user_id is not null and old.status <> new.status and new.status in ('failed', 'cancelled')
)
execute function private.bump_read_version();

grant select, delete on public.products to authenticated;
grant insert (id, name, source_url, watch, brand_id, tags) on public.products to authenticated;
grant update (name, watch, brand_id, tags, archived_at) on public.products to authenticated;
grant select, insert, update, delete on public.products to service_role;

create function private.hold_active_product(product_id uuid)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_product public.products;
begin
    -- Locks the product before the job: the lock order of everything that touches both.
    select p.* into v_product from public.products as p
    where p.id = hold_active_product.product_id and p.user_id = auth.uid() for key share;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such product.');
    end if;
    if v_product.archived_at is not null then
        perform private.fail(
            409, 'product_archived', 'This product is archived. Restore it first.'
        );
    end if;
end;
$$;
comment on function private.hold_active_product is
'Requires a product of the caller that is not archived, and keeps it from being deleted until the
transaction ends. Errors: 404 not_found, 409 product_archived.';

create function private.start_analysis(product_id uuid)
returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.require_role('editor');
    perform private.hold_active_product(start_analysis.product_id);
    return private.enqueue(
        'analyze_product', auth.uid(), start_analysis.product_id, start_analysis.product_id::text
    );
end;
$$;
comment on function private.start_analysis is
'Queues an analysis of the caller''s product, or returns the one in flight. Definer: users may not
write jobs. Errors: 403 role_not_allowed, 404 not_found, 409 product_archived.';
grant execute on function private.start_analysis to authenticated;

create function public.run_analysis(product_id uuid)
returns public.jobs
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_job_id uuid := private.start_analysis(run_analysis.product_id);
    v_job public.jobs;
begin
    -- A new statement, because the snapshot of the one above does not see the job.
    select j.* into strict v_job from public.jobs as j where j.id = v_job_id;
    return v_job;
end;
$$;
comment on function public.run_analysis is
'Starts an analysis of one of the caller''s products, or returns the one in flight.

Errors: 403 role_not_allowed, 404 not_found, 409 product_archived.';
grant execute on function public.run_analysis to authenticated;
