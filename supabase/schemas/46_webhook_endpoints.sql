-- Webhook endpoints: URLs of an account that its notifications are posted to, signed as Standard
-- Webhooks describes. The next files have their secrets, deliveries and attempts.

create table public.webhook_endpoints (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid() references public.accounts on delete cascade,
    url text not null check (char_length(url) <= 2048),
    description text not null default '' check (char_length(description) <= 200),
    kinds text[] not null default '{}' check (cardinality(kinds) <= 50),
    disabled_at timestamptz,
    disabled_reason text check (disabled_reason in ('owner', 'gone', 'failing')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.webhook_endpoints is
'Where the account''s notifications are posted to. Admins only. A new one gets its first secret from
rpc/rotate_webhook_secret, and nothing before that.';
comment on column public.webhook_endpoints.url is
'A public https:// address on the usual port. Redirects are not followed.';
comment on column public.webhook_endpoints.kinds is
'The kinds of notifications that it gets; an empty list: all, also those that are added later.';
comment on column public.webhook_endpoints.disabled_at is
'When it was disabled; null while it is in use. Any time disables it, and the server''s clock
counts. Null enables it again.';
comment on column public.webhook_endpoints.disabled_reason is
'owner: an admin disabled it. gone: it answered 410. failing: it has failed for three days. Null
while it is in use.';
create index webhook_endpoints_user_id_created_at_idx
on public.webhook_endpoints (user_id, created_at desc);

alter table public.webhook_endpoints enable row level security;
create policy webhook_endpoints_select_own on public.webhook_endpoints
for select to authenticated
using (user_id = (select auth.uid()));
create policy webhook_endpoints_insert_own on public.webhook_endpoints
for insert to authenticated
with check (user_id = (select auth.uid()));
create policy webhook_endpoints_update_own on public.webhook_endpoints
for update to authenticated
using (user_id = (select auth.uid()))
with check (user_id = (select auth.uid()));
create policy webhook_endpoints_delete_own on public.webhook_endpoints
for delete to authenticated
using (user_id = (select auth.uid()));
create policy webhook_endpoints_select_admin on public.webhook_endpoints as restrictive
for select to authenticated
using ((select private.has_role('admin')));
create policy webhook_endpoints_insert_admin on public.webhook_endpoints as restrictive
for insert to authenticated
with check ((select private.has_role('admin')));
create policy webhook_endpoints_update_admin on public.webhook_endpoints as restrictive
for update to authenticated
using ((select private.has_role('admin')));
create policy webhook_endpoints_delete_admin on public.webhook_endpoints as restrictive
for delete to authenticated
using ((select private.has_role('admin')));

grant select, delete on public.webhook_endpoints to authenticated;
grant insert (id, url, description, kinds) on public.webhook_endpoints to authenticated;
grant update (url, description, kinds, disabled_at) on public.webhook_endpoints to authenticated;
grant select, insert, update, delete on public.webhook_endpoints to service_role;

create table private.endpoint_states (
    endpoint_id uuid primary key references public.webhook_endpoints on delete cascade,
    failures integer not null default 0,
    failing_since_at timestamptz,
    paused_until_at timestamptz
) with (fillfactor = 50);
comment on table private.endpoint_states is
'How many attempts of an endpoint have failed in a row, since when, and until when it is left
alone.';
alter table private.endpoint_states enable row level security;

create function private.webhook_endpoints_validate()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_problem record;
    v_kinds constant text [] := private.notification_kinds();
begin
    if auth.uid() is not null then
        perform private.require_role('admin');
    end if;
    select p.* into v_problem from private.url_problem(new.url) as p;
    -- Plain http is for a receiver on the developer's machine. Elsewhere the fetcher refuses it.
    if v_problem.reason is null and new.url !~* '^https://'
        and new.url !~* '^http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?([/?#]|$)' then
        select 'not_https' as reason, 'must start with https://.' as problem into v_problem;
    end if;
    if v_problem.reason is not null then
        perform private.fail(
            422, 'invalid_url', 'The webhook''s URL ' || v_problem.problem,
            jsonb_build_object('field', 'url', 'reason', v_problem.reason)
            || case v_problem.reason when 'too_long' then '{"max": 2048}' else '{}' end::jsonb
        );
    end if;
    if char_length(new.description) > 200 then
        perform private.fail(
            422, 'invalid_name', 'The description may have 200 characters at most.',
            '{"field": "description", "reason": "too_long", "max": 200}'
        );
    end if;
    if private.hides_something(new.description) then
        perform private.fail(
            422, 'invalid_name', 'The description may not contain control or invisible characters.',
            '{"field": "description", "reason": "control_characters"}'
        );
    end if;
    new.description := coalesce(new.description, '');
    new.kinds := coalesce(new.kinds, '{}');
    if not new.kinds <@ v_kinds then
        perform private.fail(
            422, 'invalid_kinds', 'The webhook names a kind of notification that there is not.',
            jsonb_build_object(
                'field', 'kinds', 'reason', 'not_allowed', 'allowed', to_jsonb(v_kinds)
            )
        );
    end if;
    new.kinds := array(select distinct k from unnest(new.kinds) as k order by k);
    if tg_op = 'UPDATE' then
        new.updated_at := now();
        if new.url <> old.url or new.disabled_at is null and old.disabled_at is not null then
            delete from private.endpoint_states as s where s.endpoint_id = new.id;
        end if;
        if new.disabled_at is null then
            new.disabled_reason := null;
        elsif old.disabled_at is null then
            new.disabled_at := now();
            new.disabled_reason := coalesce(new.disabled_reason, 'owner');
        else
            new.disabled_at := old.disabled_at;
            new.disabled_reason := old.disabled_reason;
        end if;
    end if;
    return new;
end;
$$;
comment on function private.webhook_endpoints_validate is
'Trigger: refuses an endpoint of a caller who is no admin, a wrong URL, description or kind. Another
URL, or enabling it again, forgets earlier failures. Definer: states are internal. Errors: 403
role_not_allowed, 422 invalid_url, invalid_name, invalid_kinds.';

create function private.webhook_endpoints_require_bound()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform set_config('private.row', '', true);
    if exists (
        select from public.webhook_endpoints as e
        where e.user_id in (select a.user_id from added as a)
        group by e.user_id having count(*) > 10
    ) then
        perform private.fail(
            422, 'too_many_webhooks', 'An account may have 10 webhook endpoints at most.',
            '{"limit": 10}'
        );
    end if;
    return null;
end;
$$;
comment on function private.webhook_endpoints_require_bound is
'Trigger: refuses an eleventh endpoint of an account. Definer: it counts what the caller may not
see. Errors: 422 too_many_webhooks.';

create trigger webhook_endpoints_01_admit_row before insert on public.webhook_endpoints
for each row execute function private.admit_row();
create trigger webhook_endpoints_10_validate before insert or update on public.webhook_endpoints
for each row execute function private.webhook_endpoints_validate();
create trigger webhook_endpoints_40_require_bound after insert on public.webhook_endpoints
referencing new table as added
for each statement execute function private.webhook_endpoints_require_bound();
