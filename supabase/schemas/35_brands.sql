-- Brands: the clients of an account. Products and brand rules may belong to one.

create table public.brands (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid() references public.accounts on delete cascade,
    name text not null check (char_length(name) between 1 and 200),
    archived_at timestamptz,
    created_at timestamptz not null default now(),
    -- The target of references that include the account.
    constraint brands_id_user_id_key unique (id, user_id)
);
comment on table public.brands is
'The clients of an account. A brand with products or rules can''t be deleted (409 brand_in_use), so
that nothing loses its brand. Archive it instead: then its rules apply to no script.';
comment on column public.brands.user_id is 'The account, from the token.';
comment on column public.brands.archived_at is
'When it was archived; null while it is in use. Any time archives it, and the server''s clock
counts. Null restores it.';

create index brands_user_id_created_at_idx on public.brands (user_id, created_at desc);

alter table public.brands enable row level security;
create policy brands_select_own on public.brands
for select to authenticated
using (user_id = (select auth.uid()));
create policy brands_insert_own on public.brands
for insert to authenticated
with check (user_id = (select auth.uid()));
create policy brands_update_own on public.brands
for update to authenticated
using (user_id = (select auth.uid()))
with check (user_id = (select auth.uid()));
create policy brands_delete_own on public.brands
for delete to authenticated
using (user_id = (select auth.uid()));

create policy brands_insert_editor on public.brands as restrictive
for insert to authenticated
with check ((select private.has_role('editor')));
create policy brands_update_editor on public.brands as restrictive
for update to authenticated
using ((select private.has_role('editor')));
create policy brands_delete_editor on public.brands as restrictive
for delete to authenticated
using ((select private.has_role('editor')));

create function private.brands_validate()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.require_name(new.name, 'The brand''s name');
    new.name := btrim(new.name);
    return new;
end;
$$;
comment on function private.brands_validate is
'Trigger: refuses an invalid name with a sentence. Errors: 422 invalid_name.';

create function private.stamp_archived_at()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    new.archived_at := case
        when new.archived_at is not null then coalesce(old.archived_at, now())
    end;
    return new;
end;
$$;
comment on function private.stamp_archived_at is
'Trigger: replaces the time that a client sends by the time of the archiving.';

create function private.brands_require_unused()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from public.products as p where p.brand_id = old.id)
        or exists (select from public.brand_rules as r where r.brand_id = old.id) then
        perform private.fail(
            409, 'brand_in_use',
            format(
                '“%s” has products or rules. Move or delete them first, or archive the brand.',
                old.name
            )
        );
    end if;
    return old;
end;
$$;
comment on function private.brands_require_unused is
'Trigger: keeps a brand that has products or rules. Definer: the service, too, must see them all.
Errors: 409 brand_in_use.';

create function private.require_brand()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    -- The foreign key is the guard in a race; this says it with a sentence.
    if new.brand_id is not null and not exists (
        select from public.brands as b where b.id = new.brand_id and b.user_id = new.user_id
    ) then
        perform private.fail(404, 'not_found', 'There is no such brand.', '{"field": "brand_id"}');
    end if;
    return new;
end;
$$;
comment on function private.require_brand is
'Trigger: the brand of a row belongs to the same account. A brand of another account is answered
as one that does not exist. Definer: callers may lack the right to read brands. Errors: 404
not_found.';

create trigger brands_01_admit_row before insert on public.brands
for each row execute function private.admit_row();
create trigger brands_10_validate before insert or update of name on public.brands
for each row execute function private.brands_validate();
create trigger brands_12_stamp_archived_at before update of archived_at on public.brands
for each row execute function private.stamp_archived_at();
create trigger brands_15_require_unused before delete on public.brands
for each row execute function private.brands_require_unused();
create trigger brands_40_require_quota after insert on public.brands
referencing new table as added
for each statement execute function private.require_quota('brands');
-- A read of products may embed their brands.
create trigger brands_61_bump_on_update after update on public.brands
referencing new table as changed
for each statement execute function private.bump_read_version();

grant select, delete on public.brands to authenticated;
-- Frontends often send user_id; the policies accept only the caller's own.
grant insert (id, user_id, name) on public.brands to authenticated;
grant update (name, archived_at) on public.brands to authenticated;
grant select, insert, update, delete on public.brands to service_role;
