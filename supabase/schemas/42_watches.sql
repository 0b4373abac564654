-- Watches: the products that are analysed again by themselves. `products.watch` says how often; the
-- schedule watch_products queues what is due.

create table private.watches (
    product_id uuid primary key references public.products on delete cascade,
    every interval not null check (every > '0'),
    next_at timestamptz not null,
    job_id uuid,
    failures integer not null default 0
);
comment on table private.watches is
'When each watched product is analysed next. Triggers of products write it.';
comment on column private.watches.job_id is
'The last analysis that the watch has queued; null before the first. No reference: it outlives the
job.';
comment on column private.watches.failures is
'How many analyses of the watch in a row failed because of the page. An analysis that succeeds, also
one that the owner starts, sets it to 0.';
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

create function private.is_page_failure(error_code text)
returns boolean
language sql immutable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(
        is_page_failure.error_code ~ '^page_' or is_page_failure.error_code in (
            'url_not_allowed', 'not_a_product', 'post_unavailable', 'nothing_found'
        ),
        false
    );
end;
comment on function private.is_page_failure is
'Whether a failed analysis says something about its page: it is gone, closed or no product. False
for failures on our side.';

create function private.jobs_refund_watch()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (
        select from private.watches as w
        where w.product_id = new.product_id and w.job_id = new.id
    ) and not (
        private.is_page_failure(new.error_code)
        and exists (select from private.source_runs as r where r.job_id = new.id)
    ) then
        perform private.refund_job(new.id, new.user_id);
    end if;
    return null;
end;
$$;
comment on function private.jobs_refund_watch is
'Trigger: gives a use back for an analysis that a watch has queued and that failed. Nobody asked for
it at this moment. What paid for runs and found the page unusable stays counted.';
create trigger jobs_51_refund_watch after update of status on public.jobs
for each row when (
    new.kind = 'analyze_product' and old.status <> new.status and new.status = 'failed'
)
execute function private.jobs_refund_watch();

create function private.record_watch_outcome(product_id uuid)
returns text
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_most_failures constant integer := 4;
    v_product public.products;
    v_job public.jobs;
    v_is_counted boolean;
    v_failures integer;
begin
    select p.* into strict v_product
    from public.products as p where p.id = record_watch_outcome.product_id;
    select j.* into v_job
    from private.watches as w inner join public.jobs as j on w.job_id = j.id
    where w.product_id = record_watch_outcome.product_id;
    if v_job.finished_at is null then
        return 'goes on';
    end if;
    v_is_counted := v_job.status = 'failed' and private.is_page_failure(v_job.error_code);
    update private.watches as w set job_id = null, failures = case
        when v_job.status = 'succeeded' or v_product.last_analyzed_at >= v_job.finished_at then 0
        when v_is_counted then w.failures + 1
        else w.failures
    end
    where w.product_id = record_watch_outcome.product_id
    returning w.failures into v_failures;
    if not v_is_counted or v_failures not in (2, v_most_failures) then
        return 'goes on';
    end if;
    perform private.notify(
        v_product.user_id,
        case v_failures when 2 then 'watch_failing' else 'watch_stopped' end,
        v_product.id,
        format(
            case v_failures
                when 2 then '%s could not be analysed twice in a row: %s Its watch looks less often '
                    'now, and ends after %s failures.'
                else '%s could not be analysed %3$s times in a row: %2$s Its watch is off now.'
            end,
            v_product.name, v_job.error_message, v_most_failures
        ),
        jsonb_build_object(
            'product', v_product.name, 'error_code', v_job.error_code,
            'error_message', v_job.error_message, 'failures', v_failures,
            'most_failures', v_most_failures,
            'cause', case when v_failures > 2 then 'failing' end
        )
    );
    if v_failures = 2 then
        return 'goes on';
    end if;
    update public.products as p set watch = 'off' where p.id = v_product.id;
    return 'stopped';
end;
$$;
comment on function private.record_watch_outcome is
'Counts how the last analysis of a watch ended, once. Two failures of the page in a row are told,
four end the watch: stopped. Else: goes on. Failures on our side count for nothing. The caller has
locked the watch and the product.';

create function private.run_next_watch()
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- As in private.claim: the plan is kept, and must suit a million rows.
set enable_seqscan = off
as $$
declare
    v_watch record;
    v_plan_watch text;
    v_is_living boolean;
    v_job_id uuid;
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
    -- The watch of an account that moves goes on in its new cell.
    v_is_living := private.cell_state(v_watch.user_id) is null
        and private.lock_living_account(v_watch.user_id);
    if v_is_living and private.record_watch_outcome(v_watch.product_id) = 'stopped' then
        return 'stopped';
    end if;
    -- After failures of the page every second time, then every fourth.
    update private.watches as w
    set next_at = date_bin(v_watch.every, now(), v_watch.next_at)
        + v_watch.every * 2 ^ least(w.failures, 2)
    where w.product_id = v_watch.product_id;
    if not v_is_living
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
        perform private.notify(
            v_watch.user_id, 'watch_stopped', v_watch.product_id,
            format(
                'Your plan no longer includes this watch of %s. Its watch is now %s.',
                v_watch.name, v_plan_watch
            ),
            jsonb_build_object('product', v_watch.name, 'cause', 'plan', 'watch', v_plan_watch)
        );
        update public.products as p set watch = v_plan_watch where p.id = v_watch.product_id;
        return 'stopped';
    end if;
    begin
        v_job_id := private.enqueue(
            'analyze_product', v_watch.user_id, v_watch.product_id, v_watch.product_id::text
        );
        update private.watches as w set job_id = v_job_id where w.product_id = v_watch.product_id;
        return 'queued';
    exception when sqlstate 'PGRST' then
        if sqlerrm::jsonb ->> 'code' <> 'quota_exceeded' then
            raise;
        end if;
    end;
    perform private.notify(
        v_watch.user_id, 'watch_stopped', null,
        'This month''s analyses are used up. Watched products are analysed again from '
        || to_char(private.next_month() at time zone 'UTC', 'FMDD FMMonth') || ' on.',
        jsonb_build_object('cause', 'quota', 'resets_at', private.next_month())
    ) where not exists (
        select from public.notifications as n
        where n.user_id = v_watch.user_id and n.kind = 'watch_stopped'
            and n.params ->> 'cause' = 'quota'
            and n.created_at >= private.current_month() at time zone 'UTC'
    );
    return 'stopped';
end;
$$;
comment on function private.run_next_watch is
'Takes the watch that is due longest and queues the analysis of its product. Returns queued;
skipped if the product is being analysed, was analysed less than half a period ago, or its account
is erased; stopped if the month''s analyses are used up, the plan has less or the page keeps failing,
with a notification; null if none is due. One watch a transaction, so that no account waits for another. Definer:
workers have no table rights.';
grant execute on function private.run_next_watch to worker;
