-- Competitors: products of the same account to compare a product with.

create table public.competitors (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid() references public.accounts on delete cascade,
    product_id uuid not null references public.products on delete cascade,
    competitor_id uuid not null references public.products on delete cascade,
    created_at timestamptz not null default now(),
    constraint competitors_product_id_competitor_id_key unique (product_id, competitor_id)
);
comment on table public.competitors is
'Which products a product competes with, up to five. Both are products of the account.
product_comparison shows their numbers side by side.';
comment on column public.competitors.user_id is
'The account, from the token.';
comment on column public.competitors.competitor_id is
'The other product. It is analysed and watched like any product, and counts as one in the plan.';

create index competitors_user_id_created_at_idx
on public.competitors (user_id, created_at desc);
create index competitors_competitor_id_idx on public.competitors (competitor_id);

alter table public.competitors enable row level security;
create policy competitors_select_own on public.competitors
for select to authenticated
using (user_id = (select auth.uid()));
create policy competitors_insert_own on public.competitors
for insert to authenticated
with check (user_id = (select auth.uid()));
create policy competitors_delete_own on public.competitors
for delete to authenticated
using (user_id = (select auth.uid()));
create policy competitors_insert_editor on public.competitors as restrictive
for insert to authenticated
with check ((select private.has_role('editor')));
create policy competitors_delete_editor on public.competitors as restrictive
for delete to authenticated
using ((select private.has_role('editor')));

create function private.competitors_validate()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_competitors uuid [];
begin
    if not private.lock_living_account(new.user_id)
        and exists (select from private.accounts as a where a.id = new.user_id) then
        perform private.fail(403, 'account_deleted', 'This account has been deleted.');
    end if;
    perform private.require_role('editor');
    -- Locks the product, so that parallel requests count one after the other.
    perform from public.products as p
    where p.id = new.product_id and p.user_id = new.user_id for no key update;
    if not found or not exists (
        select from public.products as p
        where p.id = new.competitor_id and p.user_id = new.user_id
    ) then
        perform private.fail(404, 'not_found', 'There is no such product.');
    end if;
    if new.competitor_id = new.product_id then
        perform private.fail(
            422, 'invalid_competitor', 'A product can''t compete with itself.',
            '{"field": "competitor_id"}'
        );
    end if;
    v_competitors := array(
        select c.competitor_id from public.competitors as c where c.product_id = new.product_id
    );
    if new.competitor_id = any (v_competitors) then
        if private.asks_for_upsert() then
            return new;
        end if;
        perform private.fail(
            409, 'already_exists', 'You have already added this.', '{"field": "competitor_id"}'
        );
    end if;
    if cardinality(v_competitors) >= 5 then
        perform private.fail(
            422, 'too_many_competitors', 'A product may have 5 competitors at most.',
            '{"field": "competitor_id", "limit": 5}'
        );
    end if;
    return new;
end;
$$;
comment on function private.competitors_validate is
'Trigger: both products belong to the living account, and a product has five competitors at most.
Errors: 403 account_deleted, role_not_allowed; 404 not_found; 409 already_exists, unless the
request resolves duplicates; 422 invalid_competitor, too_many_competitors. Definer: it reads tombstones.';

create trigger competitors_10_validate before insert on public.competitors
for each row execute function private.competitors_validate();

grant select, delete on public.competitors to authenticated;
grant insert (product_id, competitor_id) on public.competitors to authenticated;
grant select, insert, update, delete on public.competitors to service_role;
