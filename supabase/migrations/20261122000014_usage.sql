-- Usage: what an account has used of its plan, of its rate limit and of its budget. Counted by
-- …0024, …0025 and …0030.

create table private.usage (
    user_id uuid not null,
    metric text not null check (metric in ('analyses', 'scripts')),
    month date not null check (extract(day from month) = 1),
    used integer not null check (used >= 0),
    primary key (user_id, metric, month)
) with (fillfactor = 70);
comment on table private.usage is
'How much of each monthly quota an account has used; months are UTC.';
alter table private.usage enable row level security;

create table private.charges (
    job_id uuid primary key references public.jobs on delete cascade,
    metric text not null,
    month date not null,
    is_refunded boolean not null default false
);
comment on table private.charges is
'What each job was counted as, so that it is counted once and given back once.';
alter table private.charges enable row level security;

create table private.spending (
    user_id uuid not null,
    day date not null,
    usd numeric(10, 2) not null check (usd >= 0),
    primary key (user_id, day)
) with (fillfactor = 70);
comment on table private.spending is
'What the runs of an account may have cost on a day (UTC): each counts as its cap.';
alter table private.spending enable row level security;

-- Unlogged: after a crash everybody's minute starts again, which is no loss.
create unlogged table private.request_counts (
    user_id uuid not null,
    cost_class text not null check (cost_class in ('write', 'work')),
    window_start timestamptz not null,
    requests integer not null,
    primary key (user_id, cost_class)
) with (fillfactor = 50);
comment on table private.request_counts is
'How many requests of each cost class an account has made since window_start.';
comment on column private.request_counts.cost_class is
'write: changes rows; work: starts a job that costs money.';
alter table private.request_counts enable row level security;
