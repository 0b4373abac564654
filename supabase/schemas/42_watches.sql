-- Watches: the products that are analysed again by themselves. `products.watch` says how often; the
-- schedule watch_products queues what is due.

create table private.watches (
    product_id uuid primary key references public.products on delete cascade,
    every interval not null check (every > '0'),
    next_at timestamptz not null
);
comment on table private.watches is
'When each watched product is analysed next. Triggers of products write it.';
comment on column private.watches.next_at is
'Its first time is random within the period; the later ones follow in steps of it. So the analyses
spread over the period.';
create index watches_next_at_idx on private.watches (next_at);
alter table private.watches enable row level security;

create function private.watch_interval(watch text)
returns interval
language sql immutable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select case watch when 'weekly' then interval '7 days' when 'daily' then interval '1 day' end;
end;
comment on function private.watch_interval is
'The time between two analyses of a watched product; null for off.';

create function private.products_require_watch()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_plan public.plans;
begin
    if new.watch is null or new.watch not in ('off', 'weekly', 'daily') then
        perform private.fail(
            422, 'invalid_watch', 'The watch must be off, weekly or daily.',
            '{"field": "watch", "reason": "not_allowed", "allowed": ["off", "weekly", "daily"]}'
        );
    end if;
    -- Rows from outside the API are not limited.
    if auth.uid() is null or new.watch = 'off' or tg_op = 'UPDATE' and new.watch = old.watch then
        return new;
    end if;
    select p.* into v_plan from public.plans as p where p.id = private.plan_of(new.user_id);
    if v_plan.watch = 'off'
        or private.watch_interval(new.watch) < private.watch_interval(v_plan.watch) then
        perform private.fail(
            402, 'quota_exceeded',
            case v_plan.watch
                when 'off' then 'Your plan does not include watching products.'
                else format('Your plan includes a %s watch at most.', v_plan.watch)
            end,
            jsonb_build_object(
                'metric', 'watch', 'limit', v_plan.watch, 'requested', new.watch,
                'plan', v_plan.id, 'resets_at', null
            )
        );
    end if;
    return new;
end;
$$;
comment on function private.products_require_watch is
'Trigger: refuses a watch that is none, or more frequent than the plan allows. Errors: 422
invalid_watch, 402 quota_exceeded. Definer: it reads the account''s plan.';
create trigger products_14_require_watch before insert or update of watch on public.products
for each row execute function private.products_require_watch();

create function private.products_schedule_watch()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    delete from private.watches as w where w.product_id = new.id;
    insert into private.watches (product_id, every, next_at)
    select new.id, i.every, now() + i.every * random()
    from (values (private.watch_interval(new.watch))) as i (every)
    where i.every is not null and new.archived_at is null;
    return null;
end;
$$;
comment on function private.products_schedule_watch is
'Trigger: schedules the next analysis of a product that is watched and not archived, or none.
Definer: watches are internal.';
create trigger products_51_schedule_watch after insert on public.products
for each row when (new.watch <> 'off') execute function private.products_schedule_watch();
create trigger products_52_reschedule_watch after update of watch, archived_at on public.products
for each row when (
    new.watch <> old.watch or (new.archived_at is null) <> (old.archived_at is null)
)
execute function private.products_schedule_watch();

create function private.run_next_watch()
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- As in private.claim: the plan is kept, and must suit a million rows.
set enable_seqscan = off
as $$
declare
    v_watch record;
    v_plan_watch text;
begin
    -- Waits for nobody: a product that somebody else changes now has its turn later.
    select w.product_id, w.every, w.next_at, p.user_id, p.name, p.last_analyzed_at into v_watch
    from private.watches as w inner join public.products as p on w.product_id = p.id
    where w.next_at <= now()
    order by w.next_at
    limit 1 for no key update of w, p skip locked;
    if not found then
        return null;
    end if;
    update private.watches as w
    set next_at = date_bin(v_watch.every, now(), v_watch.next_at) + v_watch.every
    where w.product_id = v_watch.product_id;
    if not private.lock_living_account(v_watch.user_id)
        or v_watch.last_analyzed_at > now() - v_watch.every / 2
        or exists (
            select from private.live_jobs as l
            where l.tenant = v_watch.user_id::text and l.kind = 'analyze_product'
                and l.key = v_watch.product_id::text
        ) then
        return 'skipped';
    end if;
    select p.watch into v_plan_watch from public.plans as p
    where p.id = private.plan_of(v_watch.user_id);
    if v_plan_watch = 'off' or private.watch_interval(v_plan_watch) > v_watch.every then
        insert into public.notifications (user_id, kind, product_id, text)
        values (
            v_watch.user_id, 'watch_stopped', v_watch.product_id,
            format(
                'Your plan no longer includes this watch of %s. Its watch is now %s.',
                v_watch.name, v_plan_watch
            )
        );
        update public.products as p set watch = v_plan_watch where p.id = v_watch.product_id;
        return 'stopped';
    end if;
    begin
        perform private.enqueue(
            'analyze_product', v_watch.user_id, v_watch.product_id, v_watch.product_id::text
        );
        return 'queued';
    exception when sqlstate 'PGRST' then
        if sqlerrm::jsonb ->> 'code' <> 'quota_exceeded' then
            raise;
        end if;
    end;
    insert into public.notifications (user_id, kind, text)
    select
        v_watch.user_id,
        'watch_stopped',
        'This month''s analyses are used up. Watched products are analysed again from '
        || to_char(private.next_month() at time zone 'UTC', 'FMDD FMMonth') || ' on.'
    where not exists (
        select from public.notifications as n
        where n.user_id = v_watch.user_id and n.kind = 'watch_stopped' and n.product_id is null
            and n.created_at >= private.current_month() at time zone 'UTC'
    );
    return 'stopped';
end;
$$;
comment on function private.run_next_watch is
'Takes the watch that is due longest and queues the analysis of its product. Returns queued;
skipped if the product is being analysed, was analysed less than half a period ago, or its account
is erased; stopped if the month''s analyses are used up or the plan has less, with a notification;
null if none is due. One watch a transaction, so that no account waits for another. Definer:
workers have no table rights.';
grant execute on function private.run_next_watch to worker;
