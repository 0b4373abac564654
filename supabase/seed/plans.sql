-- The plans on offer and their limits, the Stripe prices that buy them, and their daily budgets for
-- paid sources. Where Stripe charges another amount, the reconciliation copies it.

insert into public.plans (
    id, name, rank, max_products, analyses_per_month, scripts_per_month, requests_per_minute,
    max_scripts, max_brand_rules, kept_analyses, has_transcripts, watch, kept_history,
    seats, max_brands
)
values
('free', 'Free', 0, 5, 20, 20, 120, 100, 200, 5, false, 'off', 100, 2, 3),
('creator', 'Creator', 1, 50, 300, 300, 300, 2000, 500, 20, true, 'weekly', 400, 5, 10),
('agency', 'Agency', 2, 1000, 5000, 5000, 1200, 20000, 1000, 20, true, 'daily', 800, 25, 300)
on conflict on constraint plans_pkey do update set
    name = excluded.name,
    rank = excluded.rank,
    max_products = excluded.max_products,
    analyses_per_month = excluded.analyses_per_month,
    scripts_per_month = excluded.scripts_per_month,
    requests_per_minute = excluded.requests_per_minute,
    max_scripts = excluded.max_scripts,
    max_brand_rules = excluded.max_brand_rules,
    kept_analyses = excluded.kept_analyses,
    has_transcripts = excluded.has_transcripts,
    watch = excluded.watch,
    kept_history = excluded.kept_history,
    seats = excluded.seats,
    max_brands = excluded.max_brands;

insert into private.plan_prices (lookup_key, plan, billing_interval, amount, currency)
values
('creator_monthly', 'creator', 'month', 2900, 'usd'),
('creator_yearly', 'creator', 'year', 29000, 'usd'),
('agency_monthly', 'agency', 'month', 19900, 'usd'),
('agency_yearly', 'agency', 'year', 199000, 'usd')
on conflict on constraint plan_prices_pkey do update set
    plan = excluded.plan,
    billing_interval = excluded.billing_interval,
    amount = coalesce(plan_prices.amount, excluded.amount),
    currency = coalesce(plan_prices.currency, excluded.currency);

insert into private.spending_limits (plan, usd_per_day)
values ('free', 10), ('creator', 50), ('agency', 400)
on conflict on constraint spending_limits_pkey do update set usd_per_day = excluded.usd_per_day;
