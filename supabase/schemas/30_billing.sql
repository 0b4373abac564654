-- Billing: the plans on offer, the subscriptions of each account, and its entitlements. Stripe is
-- the truth; these rows are the state of the latest sync (31_stripe_inbox).

create table public.plans (
    id text primary key check (id ~ '^[a-z]{1,20}$'),
    name text not null,
    rank smallint not null unique,
    max_products integer not null check (max_products >= 0),
    analyses_per_month integer not null check (analyses_per_month >= 0),
    scripts_per_month integer not null check (scripts_per_month >= 0),
    requests_per_minute integer not null check (requests_per_minute > 0),
    max_scripts integer not null check (max_scripts >= 0),
    max_brand_rules integer not null check (max_brand_rules >= 0),
    kept_analyses integer not null check (kept_analyses >= 1),
    grace_days smallint not null default 3 check (grace_days >= 0),
    has_transcripts boolean not null default false,
    watch text not null default 'off' check (watch in ('off', 'weekly', 'daily')),
    kept_history integer not null default 100 check (kept_history >= 1),
    seats integer not null default 2 check (seats >= 1),
    max_brands integer not null default 3 check (max_brands >= 0),
    prices jsonb not null default '[]'
);
comment on table public.plans is
'The plans that can be bought and their limits. Everybody may read them.';
comment on column public.plans.rank is
'An account with several plans gets the one of the highest rank.';
comment on column public.plans.max_scripts is
'How many scripts an account may keep, whoever wrote them. scripts_per_month counts those of AI.';
comment on column public.plans.kept_analyses is
'How many analyses of a product are kept, results and packs. The next one deletes the oldest.';
comment on column public.plans.grace_days is
'How many days the plan lasts after the payment of a renewal failed.';
comment on column public.plans.has_transcripts is
'Whether an analysis reads what is said in videos, which costs more at the source.';
comment on column public.plans.watch is
'How often a product may be watched at most: off, weekly or daily.';
comment on column public.plans.max_brands is
'How many brands an account may have, archived ones included.';
comment on column public.plans.kept_history is
'How many rows of product_history are kept of a product. The next one deletes the oldest.';
comment on column public.plans.seats is
'How many members may act for an organisation in a month.';
comment on column public.plans.prices is
'What it costs, an object for each interval: interval (month or year), amount in the smallest unit
of the currency, currency (ISO 4217, small letters) and lookup_key. Empty if it is not sold.';
alter table public.plans enable row level security;
create policy plans_select_everybody on public.plans
for select to anon, authenticated
using (true);
grant select on public.plans to anon, authenticated;
grant select, insert, update, delete on public.plans to service_role;

create table private.plan_prices (
    lookup_key text primary key,
    plan text not null references public.plans on delete restrict,
    is_offered boolean not null default true,
    billing_interval text not null default 'month' check (billing_interval in ('month', 'year')),
    amount integer check (amount >= 0),
    currency text check (currency ~ '^[a-z]{3}$'),
    check ((amount is null) = (currency is null))
);
comment on table private.plan_prices is
'The plan that each Stripe price buys, by the lookup_key of the price. public.plans.prices shows the
offered ones. The reconciliation copies amount and currency from Stripe.';
comment on column private.plan_prices.is_offered is
'False for a price that checkout no longer sells, but that existing subscriptions have.';
comment on column private.plan_prices.billing_interval is 'How often it is paid: month or year.';
comment on column private.plan_prices.amount is
'In the smallest unit of the currency; null: unknown, and not shown.';
comment on column private.plan_prices.currency is
'ISO 4217 in small letters, as Stripe writes it; null while the amount is.';
create index plan_prices_plan_idx on private.plan_prices (plan);
alter table private.plan_prices enable row level security;

create function private.prices_of(plan text)
returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select
        coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'interval', f.billing_interval, 'amount', f.amount, 'currency', f.currency,
                    'lookup_key', f.lookup_key
                )
                order by f.billing_interval
            ),
            '[]'
        )
    from (
        -- Checkout takes the first lookup key, too.
        select distinct on (p.billing_interval)
            p.billing_interval,
            p.amount,
            p.currency,
            p.lookup_key
        from private.plan_prices as p
        where p.plan = prices_of.plan and p.is_offered and p.amount is not null
        order by p.billing_interval asc, p.lookup_key asc
    ) as f;
end;
comment on function private.prices_of is
'What a plan costs now, as public.plans.prices shows it.';

create function private.show_prices()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    update public.plans as p set prices = private.prices_of(p.id)
    where p.prices <> private.prices_of(p.id);
    return null;
end;
$$;
comment on function private.show_prices is
'Trigger: copies changed prices into public.plans, which everybody may read.';
create trigger plan_prices_10_show after insert or update or delete on private.plan_prices
for each statement execute function private.show_prices();

create table private.stripe_customers (
    user_id uuid primary key references public.accounts on delete cascade,
    customer_id text unique check (customer_id ~ '^cus_[A-Za-z0-9_]{1,250}$'),
    customer_attempt integer not null default 1,
    customer_asked_at timestamptz,
    checkouts integer not null default 0,
    checkout_lease_end timestamptz,
    checked_out_at timestamptz,
    sync_version integer not null default 0,
    created_at timestamptz not null default now(),
    synced_at timestamptz,
    deleted_at timestamptz
);
comment on table private.stripe_customers is
'The Stripe customer that each account pays as. The first checkout adds the row. Never matched by
e-mail.';
comment on column private.stripe_customers.customer_id is
'Null until Stripe has created the customer.';
comment on column private.stripe_customers.customer_attempt is
'Part of the idempotency key that creates the customer. It grows because Stripe repeats a stored
failure for a day.';
comment on column private.stripe_customers.customer_asked_at is
'When Stripe was last asked to create the customer; null while no answer is outstanding.';
comment on column private.stripe_customers.checkouts is
'The number of checkouts, part of the idempotency key of each.';
comment on column private.stripe_customers.checkout_lease_end is
'Until when the latest checkout blocks others; null after it ended.';
comment on column private.stripe_customers.checked_out_at is
'When the latest checkout page was created; null before the first.';
comment on column private.stripe_customers.sync_version is
'Grows with each write of the billing sync. A sync that read Stripe before the latest write is
refused.';
comment on column private.stripe_customers.synced_at is
'When the latest sync wrote; null before the first.';
comment on column private.stripe_customers.deleted_at is
'When a sync found the customer deleted at Stripe; null before.';
alter table private.stripe_customers enable row level security;

create table private.stripe_account (
    is_singleton boolean primary key default true check (is_singleton),
    account text not null check (account ~ '^acct_[A-Za-z0-9_]{1,250}/(live|test)$'),
    created_at timestamptz not null default now()
);
comment on table private.stripe_account is
'The Stripe account and mode of our customers: one row, from the first customer on. To move to
another account, delete it together with the customers.';
alter table private.stripe_account enable row level security;

create function private.stripe_account()
returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select a.account from private.stripe_account as a;
end;
comment on function private.stripe_account is
'The Stripe account of our customers; null before the first. Definer: workers and the edge have no
table rights.';
grant execute on function private.stripe_account to worker, webhook;

create function private.bind_stripe_account(account text)
returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
begin atomic
    insert into private.stripe_account (account)
    select bind_stripe_account.account
    where
        bind_stripe_account.account is not null
        and exists (select from private.stripe_customers as c where c.customer_id is not null)
    on conflict do nothing;
end;
comment on function private.bind_stripe_account is
'Stores the Stripe account that our customers belong to, once there is a customer. An account that
is stored already stays. Definer: workers and the edge have no table rights.';
grant execute on function private.bind_stripe_account to worker, webhook;

create table public.subscriptions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.accounts on delete cascade,
    stripe_subscription_id text not null unique,
    plan text references public.plans on delete restrict,
    status text not null,
    current_period_start timestamptz,
    current_period_end timestamptz,
    trial_end timestamptz,
    past_due_at timestamptz,
    cancel_at_period_end boolean not null default false,
    cancel_at timestamptz,
    canceled_at timestamptz,
    pause_collection text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.subscriptions is
'Subscriptions as last read from Stripe. Only the billing sync writes them.';
comment on column public.subscriptions.plan is
'The plan that its price buys; null for an unknown price.';
-- No check: a status that Stripe adds must not stop the sync. An unknown one entitles to nothing.
comment on column public.subscriptions.status is
'Stripe''s status: trialing, active, past_due, unpaid, paused, incomplete, incomplete_expired,
canceled, or a new one.';
comment on column public.subscriptions.current_period_start is
'When the paid period began; null if Stripe names none.';
comment on column public.subscriptions.current_period_end is
'When the paid period ends; null if Stripe names none.';
comment on column public.subscriptions.trial_end is
'When the trial ends or ended; null without one.';
comment on column public.subscriptions.past_due_at is
'Since when its latest payment is due; null unless it is past_due. The grace period starts here.';
comment on column public.subscriptions.cancel_at_period_end is
'Whether it ends at the end of the period, at cancel_at.';
comment on column public.subscriptions.cancel_at is 'When it ends; null if it renews.';
comment on column public.subscriptions.canceled_at is
'When it was cancelled, which may be before it ends; null if it was not.';
comment on column public.subscriptions.pause_collection is
'The treatment of invoices while collection is paused: void, keep_as_draft or mark_uncollectible;
else null.';
create index subscriptions_user_id_created_at_idx
on public.subscriptions (user_id, created_at desc);
create index subscriptions_plan_idx on public.subscriptions (plan);
alter table public.subscriptions enable row level security;
create policy subscriptions_select_own on public.subscriptions
for select to authenticated
using (user_id = (select auth.uid()));
-- Billing is for people.
create policy subscriptions_select_person on public.subscriptions as restrictive
for select to authenticated
using ((select private.api_key()) is null);
grant select on public.subscriptions to authenticated;
grant select, insert, update, delete on public.subscriptions to service_role;

create trigger subscriptions_10_touch before update on public.subscriptions
for each row execute function private.touch_updated_at();

create view private.entitlements with (security_invoker = true) as
select distinct on (s.user_id)
    s.user_id,
    s.plan,
    s.status,
    s.current_period_end,
    s.cancel_at_period_end,
    s.cancel_at
from public.subscriptions as s
inner join public.plans as p on s.plan = p.id
where
    s.pause_collection is distinct from 'void'
    and (
        s.status in ('active', 'trialing')
        or (
            s.status = 'past_due'
            and now() < s.past_due_at + make_interval(days => p.grace_days)
        )
    )
order by s.user_id asc, p.rank desc, s.current_period_end desc;
comment on view private.entitlements is
'The best plan that each paying account may use now. An account without a row is on the free plan.';

create function private.plan_of(user_id uuid)
returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(
        (select e.plan from private.entitlements as e where e.user_id = plan_of.user_id), 'free'
    );
end;
comment on function private.plan_of is
'The plan whose limits an account has now. Definer: it reads the subscriptions of all accounts;
only private functions call it.';

create function private.billing_state(user_id uuid)
returns table (
    plan text,
    customer_id text,
    customer_attempt integer,
    customer_asked_at bigint,
    is_erased boolean
)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select
        private.plan_of(billing_state.user_id),
        case when c.deleted_at is null then c.customer_id end,
        c.customer_attempt,
        extract(epoch from c.customer_asked_at)::bigint,
        private.is_erased(billing_state.user_id)
    from (values (billing_state.user_id)) as asked (user_id)
    left join private.stripe_customers as c on asked.user_id = c.user_id;
end;
comment on function private.billing_state is
'The plan of an account, its Stripe customer (null: none, or deleted at Stripe), and the state of
the customer''s creation. Definer: the edge has no table rights.';
grant execute on function private.billing_state to webhook;

create function private.offered_prices(plan text, billing_interval text default 'month')
returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(array_agg(p.lookup_key order by p.lookup_key), '{}')
    from private.plan_prices as p
    where
        p.plan = offered_prices.plan
        and p.billing_interval = offered_prices.billing_interval
        and p.is_offered;
end;
comment on function private.offered_prices is
'The lookup keys of the prices that checkout may sell a plan by; empty for a plan that is not
sold in this interval. Definer: the edge has no table rights.';
grant execute on function private.offered_prices to webhook;

create function private.lookup_keys()
returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(array_agg(p.lookup_key order by p.lookup_key), '{}')
    from private.plan_prices as p where p.is_offered;
end;
comment on function private.lookup_keys is
'The lookup keys of all prices on offer. Definer: workers have no table rights.';
grant execute on function private.lookup_keys to worker;

create function private.save_prices(prices jsonb)
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_changed integer;
begin
    update private.plan_prices as p set amount = s.amount, currency = s.currency
    from jsonb_to_recordset(save_prices.prices) as s (
        lookup_key text, "interval" text, amount integer, currency text
    )
    where p.lookup_key = s.lookup_key
        and p.billing_interval = s."interval"
        and s.amount is not null
        and (p.amount, p.currency) is distinct from (s.amount, s.currency);
    get diagnostics v_changed = row_count;
    return v_changed;
end;
$$;
comment on function private.save_prices is
'Copies what Stripe charges to the prices of the same lookup key and interval, and returns how many
it changed. Without an amount a price stays. Definer: workers have no table rights.';
grant execute on function private.save_prices to worker;

create function private.begin_checkout(user_id uuid)
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_number integer;
begin
    if not private.lock_living_account(begin_checkout.user_id) then
        return null;
    end if;
    insert into private.stripe_customers as c (user_id, checkouts, checkout_lease_end)
    values (begin_checkout.user_id, 1, now() + interval '1 minute')
    on conflict on constraint stripe_customers_pkey do update
    set checkouts = c.checkouts + 1, checkout_lease_end = excluded.checkout_lease_end
    where c.checkout_lease_end is null or c.checkout_lease_end < now()
    returning c.checkouts into v_number;
    return v_number;
end;
$$;
comment on function private.begin_checkout is
'Begins the next checkout of an account and returns its number. Null: another checkout has the
lease, or the account is erased. The lease ends after a minute or with end_checkout. Definer: the
edge has no table rights.';
grant execute on function private.begin_checkout to webhook;

create function private.confirm_checkout(user_id uuid, number integer)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update private.stripe_customers as c
    set checkout_lease_end = now() + interval '1 minute', checked_out_at = now()
    where c.user_id = confirm_checkout.user_id
        and c.checkouts = confirm_checkout.number
        and c.checkout_lease_end >= now();
    return found;
end;
$$;
comment on function private.confirm_checkout is
'Renews the lease of a checkout before its page is created, and notes the time for the
reconciliation. False: the lease has ended, or the account is erased. Definer: the edge has no
table rights.';
grant execute on function private.confirm_checkout to webhook;

create function private.end_checkout(user_id uuid, number integer)
returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
begin atomic
    update private.stripe_customers as c set checkout_lease_end = null
    where c.user_id = end_checkout.user_id and c.checkouts = end_checkout.number;
end;
comment on function private.end_checkout is
'Ends the lease of a checkout, so that the next one may begin. Definer: the edge has no table
rights.';
grant execute on function private.end_checkout to webhook;

create function private.ask_customer(user_id uuid, asked_at bigint)
returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
begin atomic
    update private.stripe_customers as c set customer_asked_at = to_timestamp(ask_customer.asked_at)
    where c.user_id = ask_customer.user_id;
end;
comment on function private.ask_customer is
'Notes that the edge is about to ask Stripe for a customer. Definer: the edge has no table rights.';
grant execute on function private.ask_customer to webhook;

create function private.renew_customer_attempt(user_id uuid, attempt integer)
returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
begin atomic
    update private.stripe_customers as c
    set customer_attempt = renew_customer_attempt.attempt + 1
    where
        c.user_id = renew_customer_attempt.user_id
        and c.customer_attempt = renew_customer_attempt.attempt;
end;
comment on function private.renew_customer_attempt is
'Changes the idempotency key that creates the customer: Stripe has answered the old one for good.
Definer: the edge has no table rights.';
grant execute on function private.renew_customer_attempt to webhook;

create function private.bind_customer(user_id uuid, customer_id text)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_customer_id text;
begin
    if not private.lock_living_account(bind_customer.user_id) then
        return null;
    end if;
    -- If the customer was deleted at Stripe, the next one needs another idempotency key.
    insert into private.stripe_customers as c (user_id, customer_id)
    values (bind_customer.user_id, bind_customer.customer_id)
    on conflict on constraint stripe_customers_pkey do update
    set
        customer_id = excluded.customer_id,
        customer_attempt = c.customer_attempt + 1,
        customer_asked_at = null,
        deleted_at = null
    where c.customer_id is null or c.deleted_at is not null;
    select c.customer_id into v_customer_id from private.stripe_customers as c
    where c.user_id = bind_customer.user_id;
    return v_customer_id;
end;
$$;
comment on function private.bind_customer is
'Stores the Stripe customer of an account, unless it has one, and returns the stored one. Null:
the account is erased. Definer: the edge has no table rights. The edge created the customer for
this account itself.';
grant execute on function private.bind_customer to webhook;
