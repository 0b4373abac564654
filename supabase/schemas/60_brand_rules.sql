-- Brand rules: what the scripts of an account must and must not say, one row for each rule.

create table public.brand_rules (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid() references public.accounts on delete cascade,
    rule_name text not null check (char_length(rule_name) between 1 and 120),
    rule_definition jsonb not null check (pg_column_size(rule_definition) <= 65536),
    severity text not null generated always as (rule_definition ->> 'severity') stored
    check (severity in ('error', 'warning', 'info')),
    enabled boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    brand_id uuid,
    constraint brand_rules_user_id_rule_name_key unique (user_id, rule_name),
    constraint brand_rules_brand_id_user_id_fkey foreign key (brand_id, user_id)
    references public.brands (id, user_id) on delete restrict
);
comment on table public.brand_rules is
'What the scripts of an account must and must not say; rpc/check_compliance applies them.';
comment on column public.brand_rules.user_id is 'The account, from the token.';
comment on column public.brand_rules.rule_name is
'Unique in an account. Upserts name on_conflict=user_id,rule_name.';
comment on column public.brand_rules.rule_definition is
'{"kind", "severity", "params", …}. docs/api.md lists the kinds and their params.';
comment on column public.brand_rules.severity is
'error, warning or info, from the definition. Only a broken error keeps a script from being final.';
comment on column public.brand_rules.enabled is 'Whether checks apply the rule.';
comment on column public.brand_rules.created_by is
'The account of the person who added it; null: no person, or the person''s account was erased.';
comment on column public.brand_rules.updated_by is
'The account of the person who changed it last; null as above.';
comment on column public.brand_rules.brand_id is
'The client whose scripts it applies to; null for all scripts of the account.';

create index brand_rules_brand_id_user_id_idx on public.brand_rules (brand_id, user_id);
create index brand_rules_user_id_created_at_idx on public.brand_rules (user_id, created_at desc);
-- For the erasure of a person. Rows of a person's own account go with the account.
create index brand_rules_created_by_idx
on public.brand_rules (created_by) where created_by <> user_id;
create index brand_rules_updated_by_idx
on public.brand_rules (updated_by) where updated_by <> user_id;

alter table public.brand_rules enable row level security;
create policy brand_rules_select_own on public.brand_rules
for select to authenticated
using (user_id = (select auth.uid()));
create policy brand_rules_insert_own on public.brand_rules
for insert to authenticated
with check (user_id = (select auth.uid()));
create policy brand_rules_update_own on public.brand_rules
for update to authenticated
using (user_id = (select auth.uid()))
with check (user_id = (select auth.uid()));
create policy brand_rules_delete_own on public.brand_rules
for delete to authenticated
using (user_id = (select auth.uid()));
create policy brand_rules_insert_editor on public.brand_rules as restrictive
for insert to authenticated
with check ((select private.has_role('editor')));
create policy brand_rules_update_editor on public.brand_rules as restrictive
for update to authenticated
using ((select private.has_role('editor')));
create policy brand_rules_delete_editor on public.brand_rules as restrictive
for delete to authenticated
using ((select private.has_role('editor')));

create function private.brand_rules_validate()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_field text := case when new.enabled is null then 'enabled' else 'rule_definition' end;
    v_problem text := case
        when new.enabled is null then 'A rule is either enabled (true) or not (false).'
        when new.rule_definition is null then 'The rule''s definition is missing.'
        when octet_length(new.rule_definition::text) > 65536
            then 'The rule''s definition is larger than 64 kB.'
    end;
    v_bounds jsonb := case
        when octet_length(new.rule_definition::text) > 65536
            then '{"reason": "too_large", "max": 65536}'
        else '{"reason": "missing"}'
    end;
begin
    if tg_op = 'UPDATE' then
        -- An upsert by name may send another id.
        new.id := old.id;
        new.user_id := coalesce(new.user_id, old.user_id);
    end if;
    perform private.require_text(
        new.rule_name, 'invalid_rule', 'rule_name', 'The rule''s name', 120
    );
    new.rule_name := btrim(new.rule_name);
    if v_problem is null and not private.asks_for_upsert() and exists (
        select from public.brand_rules as r
        where r.user_id = new.user_id and r.rule_name = new.rule_name and r.id <> new.id
    ) then
        perform private.fail(
            409, 'already_exists', format('You already have a rule named “%s”.', new.rule_name),
            '{"field": "rule_name"}'
        );
    end if;
    if v_problem is null
        and (tg_op = 'INSERT' or new.rule_definition is distinct from old.rule_definition) then
        select p.field, format('The rule''s %s %s', p.field, p.problem), p.bounds
        into v_field, v_problem, v_bounds
        from private.definition_problem(new.rule_definition) as p where p.problem is not null;
        if not found then
            v_field := private.broken_example(new.rule_definition);
            v_problem := 'The rule judges its own ' || v_field || ' otherwise.';
            v_bounds := '{"reason": "wrong_example"}';
        end if;
    end if;
    if v_problem is not null then
        perform private.fail(
            422, 'invalid_rule', v_problem, jsonb_build_object('field', v_field) || v_bounds
        );
    end if;
    return new;
end;
$$;
comment on function private.brand_rules_validate is
'Trigger: requires a name of its own and a known kind with valid params. The rule must judge its own
examples as they say. An update keeps the id. Errors: 422 invalid_rule, 409 already_exists unless
the request resolves duplicates.';

create trigger brand_rules_01_admit_row before insert on public.brand_rules
for each row execute function private.admit_row();
create trigger brand_rules_10_validate before insert or update on public.brand_rules
for each row execute function private.brand_rules_validate();
create trigger brand_rules_13_require_brand
before insert or update of brand_id on public.brand_rules
for each row execute function private.require_brand();
create trigger brand_rules_40_require_quota after insert on public.brand_rules
referencing new table as added
for each statement execute function private.require_quota('brand_rules');
create trigger brand_rules_90_stamp_author before insert or update on public.brand_rules
for each row execute function private.stamp_author();

grant select on public.brand_rules to authenticated;
-- Frontends often send user_id; the policies accept only the caller's own.
grant insert (id, user_id, rule_name, rule_definition, enabled, brand_id)
on public.brand_rules to authenticated;
-- An upsert updates every column that it sends; the trigger keeps the id.
grant update (id, user_id, rule_name, rule_definition, enabled, brand_id)
on public.brand_rules to authenticated;
grant delete on public.brand_rules to authenticated;
grant select, insert, update, delete on public.brand_rules to service_role;
