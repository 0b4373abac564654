-- Notifications: what an account is told without asking.

create table public.notifications (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.accounts on delete cascade,
    kind text not null check (kind ~ '^[a-z][a-z_]{1,39}$'),
    product_id uuid references public.products on delete cascade,
    text text not null check (char_length(text) between 1 and 1000),
    created_at timestamptz not null default now(),
    read_at timestamptz
);
comment on table public.notifications is
'What an account is told without asking. The newest first: order=created_at.desc. Unread:
read_at=is.null. Kept for 90 days.';
comment on column public.notifications.kind is
'breakout, new_complaint, sold_out, back_in_stock, watch_failing or watch_stopped. Show the text of
one that you don''t know.';
comment on column public.notifications.product_id is
'The product that it is about; null if it is about the account.';
comment on column public.notifications.text is 'The notification, in whole sentences.';
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
