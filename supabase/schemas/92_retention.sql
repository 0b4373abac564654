-- Retention: deletes, in batches, old rows that go with no parent row. tests/sql/test_retention.py
-- has the bound of every table.

create function private.prune_records(quantity integer default 1000)
returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    -- Clerk retries an event for some days. A later replay fails by the age of its signature.
    with events as (
        delete from private.clerk_events as t where t.id = any (array(
            select o.id from private.clerk_events as o
            where o.received_at < now() - interval '90 days'
            limit prune_records.quantity for update skip locked
        )) returning t.id
    ), months as (
        delete from private.usage as t where (t.user_id, t.metric, t.month) in (
            select o.user_id, o.metric, o.month from private.usage as o
            where o.month < private.current_month() - interval '13 months'
            limit prune_records.quantity for update skip locked
        ) returning t.month
    ), states as (
        delete from private.tiktok_states as t where t.state_hash = any (array(
            select o.state_hash from private.tiktok_states as o
            where o.created_at < now() - interval '10 minutes'
            limit prune_records.quantity for update skip locked
        )) returning t.state_hash
    ), revocations as (
        -- TikTok has not revoked these tokens for a month.
        delete from private.tiktok_revocations as t where t.id = any (array(
            select o.id from private.tiktok_revocations as o
            where o.created_at < now() - interval '30 days'
            limit prune_records.quantity for update skip locked
        )) returning t.id
    ), notices as (
        delete from public.notifications as t where t.id = any (array(
            select o.id from public.notifications as o
            where o.created_at < now() - interval '90 days'
            limit prune_records.quantity for update skip locked
        )) returning t.id
    ), audits as (
        delete from public.audit_events as t where t.id = any (array(
            select o.id from public.audit_events as o
            where o.created_at < now() - interval '1 year'
            limit prune_records.quantity for update skip locked
        )) returning t.id
    ), deliveries as (
        delete from public.webhook_deliveries as t where t.id = any (array(
            select o.id from public.webhook_deliveries as o
            where o.created_at < now() - interval '30 days'
            limit prune_records.quantity for update skip locked
        )) returning t.id
    ), ended_keys as (
        delete from public.api_keys as t where t.id = any (array(
            select o.id from public.api_keys as o
            where least(o.expires_at, o.revoked_at) < now() - interval '30 days'
            limit prune_records.quantity for update skip locked
        )) returning t.id
    ), links as (
        delete from public.shares as t where t.id = any (array(
            select o.id from public.shares as o
            where o.expires_at < now() - interval '1 day'
            limit prune_records.quantity for update skip locked
        )) returning t.id
    )
    select (select count(*) from events)::integer + (select count(*) from months)::integer
        + (select count(*) from states)::integer + (select count(*) from revocations)::integer
        + (select count(*) from notices)::integer + (select count(*) from audits)::integer
        + (select count(*) from links)::integer + (select count(*) from ended_keys)::integer
        + (select count(*) from deliveries)::integer
$$;
comment on function private.prune_records is
'Deletes up to `quantity` rows of each kind: events of Clerk after 90 days, usage after 13 months,
OAuth states after ten minutes, tokens to revoke after 30 days, notifications after 90 days, audit
events after a year, shares a day after their end, API keys 30 days after theirs, deliveries of
webhooks after 30 days. Returns how many. Definer: workers have no table
rights.';
grant execute on function private.prune_records to worker;
