-- Notifications: what an account is told without asking.

create table public.notifications (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.accounts on delete cascade,
    kind text not null check (kind ~ '^[a-z][a-z_]{1,39}$'),
    product_id uuid references public.products on delete cascade,
    text text not null check (char_length(text) between 1 and 1000),
    params jsonb not null default '{}'
    check (jsonb_typeof(params) = 'object' and pg_column_size(params) <= 4096),
    created_at timestamptz not null default now(),
    read_at timestamptz
);
comment on table public.notifications is
'What an account is told without asking. The newest first: order=created_at.desc. Unread:
read_at=is.null. Kept for 90 days.';
comment on column public.notifications.kind is
'analysis_done, analysis_failed, score_changed, breakout, new_complaint, sold_out, back_in_stock,
watch_failing, watch_stopped, quota_nearly_used, payment_failed or webhook_disabled. Show the text
of one that you don''t know.';
comment on column public.notifications.product_id is
'The product that it is about; null if it is about the account.';
comment on column public.notifications.text is
'The notification, in whole sentences of English. What changed in a product is in the language of
the account.';
comment on column public.notifications.params is
'What the text names, for a frontend that words the kind itself. product: the name of the product.
analysis_done: score. analysis_failed, watch_failing: error_code, error_message. watch_failing,
watch_stopped: failures, most_failures. watch_stopped: cause (failing, plan, quota), watch,
resets_at. breakout: ratio. score_changed, new_complaint, sold_out, back_in_stock: change, sentence.
quota_nearly_used: metric (analyses, scripts), used, limit, month (its first day).
webhook_disabled: endpoint_id, host, cause (gone, failing). What is not known is left out.';
comment on column public.notifications.read_at is
'When its reader marked it as read; null before. The only column that users may change.';

create index notifications_user_id_created_at_idx
on public.notifications (user_id, created_at desc);
create index notifications_product_id_idx on public.notifications (product_id);
create index notifications_created_at_idx on public.notifications (created_at);

alter table public.notifications enable row level security;
create policy notifications_select_own on public.notifications
for select to authenticated
using (user_id = (select auth.uid()));
create policy notifications_update_own on public.notifications
for update to authenticated
using (user_id = (select auth.uid()))
with check (user_id = (select auth.uid()));
create policy notifications_update_editor on public.notifications as restrictive
for update to authenticated
using ((select private.has_role('editor')));

grant select on public.notifications to authenticated;
grant update (read_at) on public.notifications to authenticated;
grant select, insert, update, delete on public.notifications to service_role;

create function private.notification_kinds()
returns text[]
language sql immutable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select array[
        'analysis_done', 'analysis_failed', 'back_in_stock', 'breakout', 'new_complaint',
        'payment_failed', 'quota_nearly_used', 'score_changed', 'sold_out', 'watch_failing',
        'watch_stopped', 'webhook_disabled'
    ];
end;
comment on function private.notification_kinds is 'Every kind of notification.';

create function private.notify(
    user_id uuid, kind text, product_id uuid, text text, params jsonb
)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_params jsonb;
begin
    -- Foreign keys would wait for who erases the account or deletes the product, and the caller may
    -- hold what they wait for. An account or a product that goes is told nothing.
    if not private.lock_living_account(notify.user_id) then
        return;
    end if;
    if notify.product_id is not null then
        perform from public.products as p where p.id = notify.product_id for key share skip locked;
        if not found then
            return;
        end if;
    end if;
    v_params := jsonb_strip_nulls(notify.params);
    insert into public.notifications (user_id, kind, product_id, text, params)
    values (
        notify.user_id, notify.kind, notify.product_id, left(notify.text, 1000),
        case when pg_column_size(v_params) <= 4096 then v_params else '{}' end
    );
end;
$$;
comment on function private.notify is
'Adds a notification in the caller''s transaction. Never waits for an erasure or a deletion,
whatever the caller has locked: then it adds none.';

create function private.jobs_notify_failure()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.notify(
        new.user_id, 'analysis_failed', new.product_id,
        concat_ws(' ', format('The analysis of %s failed.', p.name), new.error_message),
        jsonb_build_object(
            'product', p.name, 'error_code', new.error_code, 'error_message', new.error_message
        )
    )
    from public.products as p where p.id = new.product_id;
    return null;
end;
$$;
comment on function private.jobs_notify_failure is
'Trigger: notifies of an analysis that failed. Definer: whoever ends a job writes no
notifications.';
create trigger jobs_70_notify_failure after update of status on public.jobs
for each row when (
    new.kind = 'analyze_product' and new.user_id is not null
    and old.status <> new.status and new.status = 'failed'
)
execute function private.jobs_notify_failure();

create function private.subscriptions_notify_failure()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.notify(
        new.user_id, 'payment_failed', null,
        'The latest payment failed. Please check the payment method, or the plan will end.',
        '{}'
    );
    return null;
end;
$$;
comment on function private.subscriptions_notify_failure is
'Trigger: notifies of a payment that failed. Definer: the billing sync writes no notifications.';
create trigger subscriptions_50_notify_failure after insert on public.subscriptions
for each row when (new.status in ('past_due', 'unpaid'))
execute function private.subscriptions_notify_failure();
create trigger subscriptions_51_notify_failure after update of status on public.subscriptions
for each row when (
    new.status in ('past_due', 'unpaid') and old.status not in ('past_due', 'unpaid')
)
execute function private.subscriptions_notify_failure();
