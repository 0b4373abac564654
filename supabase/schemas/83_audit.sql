-- The audit trail: who changed what in an account, and when. Triggers write it in the transaction
-- of the change.

create table public.audit_events (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.accounts on delete cascade,
    actor uuid,
    action text not null check (action in ('insert', 'update', 'delete', 'export')),
    target_kind text not null check (target_kind ~ '^[a-z_]{1,40}$'),
    target_id uuid,
    created_at timestamptz not null default now(),
    changes jsonb not null default '[]',
    api_key_id uuid
);
comment on table public.audit_events is
'Who changed what in the account: products, scripts, brand rules, subscriptions, memberships, API
keys, webhook endpoints and exports. Admins read it. The newest first:
order=created_at.desc,id.desc. Kept for a year.';
comment on column public.audit_events.user_id is 'The account that changed.';
comment on column public.audit_events.actor is
'The account of the person who did it; null: no person, or the person''s account was erased.';
comment on column public.audit_events.action is 'insert, update, delete or export.';
comment on column public.audit_events.target_kind is
'product, script, brand_rule, subscription, membership, api_key, webhook_endpoint or account.';
comment on column public.audit_events.target_id is
'The id of what changed; of a membership the person''s account; null once that is erased.';
comment on column public.audit_events.changes is
'The names of the columns that an update has changed, without their values.';
comment on column public.audit_events.api_key_id is
'The API key that did it; null: a person did it, or nobody.';
create index audit_events_user_id_created_at_id_idx
on public.audit_events (user_id, created_at desc, id desc);
create index audit_events_created_at_idx on public.audit_events (created_at);
create index audit_events_actor_idx on public.audit_events (actor) where actor <> user_id;
create index audit_events_target_id_idx on public.audit_events (target_id)
where target_kind = 'membership';

alter table public.audit_events enable row level security;
create policy audit_events_select_own on public.audit_events
for select to authenticated
using (user_id = (select auth.uid()));
create policy audit_events_select_admin on public.audit_events as restrictive
for select to authenticated
using ((select private.has_role('admin')));

create function private.audit()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_kind constant text := left(tg_table_name, -1);
    v_uninteresting constant text [] := '{
        updated_at, created_by, updated_by, last_analyzed_at, version, broken_rules, review,
        last_used_at
    }';
begin
    if tg_op = 'UPDATE' then
        insert into public.audit_events (
            user_id, actor, action, target_kind, target_id, changes, api_key_id
        )
        select
            n.user_id, private.author(), 'update', v_kind, n.id, d.names, private.api_key()
        from changed as n
        inner join replaced as o on n.id = o.id
        inner join private.accounts as a on n.user_id = a.id and a.deleted_at is null
        cross join lateral (
            select jsonb_agg(c.key order by c.key) as names
            from jsonb_each(to_jsonb(n)) as c
            where c.key <> all (v_uninteresting) and c.value <> to_jsonb(o) -> c.key
        ) as d
        where d.names is not null;
    else
        insert into public.audit_events (
            user_id, actor, action, target_kind, target_id, api_key_id
        )
        select c.user_id, private.author(), lower(tg_op), v_kind, c.id, private.api_key()
        from changed as c
        inner join private.accounts as a on c.user_id = a.id and a.deleted_at is null
        -- A script that goes with its product is in the event of the product.
        where tg_op <> 'DELETE' or v_kind <> 'script' or exists (
            select from public.products as p where p.id = (to_jsonb(c) ->> 'product_id')::uuid
        );
    end if;
    return null;
end;
$$;
comment on function private.audit is
'Trigger: notes what a statement has changed, with the transition tables `changed` and, for an
update, `replaced`. Not for an erased account. Definer: nobody writes the audit trail.';

create function private.audit_membership()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_membership private.memberships := coalesce(new, old);
begin
    insert into public.audit_events (user_id, actor, action, target_kind, target_id, changes)
    select
        v_membership.user_id,
        -- A person comes in by an exchange. Clerk tells of all else, not of who did it.
        case when new.seen_at is distinct from old.seen_at then new.person_id end,
        lower(tg_op),
        'membership',
        new.person_id,
        to_jsonb(array_remove(array[
            case when tg_op = 'UPDATE' and new.role is distinct from old.role then 'role' end,
            case
                when tg_op = 'UPDATE' and new.removed_at is distinct from old.removed_at
                    then 'removed_at'
            end
        ], null))
    from private.accounts as a where a.id = v_membership.user_id and a.deleted_at is null;
    return null;
end;
$$;
comment on function private.audit_membership is
'Trigger: notes that somebody acts for an organisation for the first time, in another role, no
longer, or has been erased. Definer: nobody writes the audit trail.';

do $$
declare
    v_table text;
begin
    foreach v_table in array array['products', 'scripts', 'brand_rules', 'subscriptions'] loop
        execute format(
            'create trigger %1$I after insert on public.%2$I'
            || ' referencing new table as changed'
            || ' for each statement execute function private.audit()',
            v_table || '_70_audit_insert', v_table
        );
        execute format(
            'create trigger %1$I after update on public.%2$I'
            || ' referencing old table as replaced new table as changed'
            || ' for each statement execute function private.audit()',
            v_table || '_71_audit_update', v_table
        );
        execute format(
            'create trigger %1$I after delete on public.%2$I'
            || ' referencing old table as changed'
            || ' for each statement execute function private.audit()',
            v_table || '_72_audit_delete', v_table
        );
    end loop;
end;
$$;

create trigger api_keys_70_audit_insert after insert on public.api_keys
referencing new table as changed
for each statement execute function private.audit();
create trigger api_keys_71_audit_update after update on public.api_keys
referencing old table as replaced new table as changed
for each statement execute function private.audit();

create trigger webhook_endpoints_70_audit_insert after insert on public.webhook_endpoints
referencing new table as changed
for each statement execute function private.audit();
create trigger webhook_endpoints_71_audit_update after update on public.webhook_endpoints
referencing old table as replaced new table as changed
for each statement execute function private.audit();
create trigger webhook_endpoints_72_audit_delete after delete on public.webhook_endpoints
referencing old table as changed
for each statement execute function private.audit();

create trigger memberships_70_audit_insert after insert on private.memberships
for each row execute function private.audit_membership();
create trigger memberships_71_audit_update after update of role, removed_at on private.memberships
for each row when (
    old.role is distinct from new.role or old.removed_at is distinct from new.removed_at
)
execute function private.audit_membership();
create trigger memberships_72_audit_delete after delete on private.memberships
for each row execute function private.audit_membership();

grant select on public.audit_events to authenticated, service_role;
