-- Jobs: what a user sees of background work, and the tables of the job protocol. The glossary is in
-- 22_job_protocol.sql. All functions lock in one order: product, message (pgmq.q_jobs),
-- public.jobs, private.live_jobs.

create extension if not exists pgmq;

create table private.queues (
    queue text primary key check (queue ~ '^[a-z_]{1,20}$'),
    is_paused boolean not null default false
);
comment on table private.queues is
'The logical queues. Their messages share one pgmq queue; the header `queue` tells them apart.';
comment on column private.queues.is_paused is 'Workers claim nothing from it. Jobs that run go on.';
alter table private.queues enable row level security;

create table public.jobs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid references public.accounts on delete cascade,
    product_id uuid,
    kind text not null,
    status text not null default 'queued'
    check (status in ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled')),
    stage text not null default 'queued',
    progress smallint not null default 0 check (progress between 0 and 100),
    failures integer not null default 0,
    crashes integer not null default 0,
    attempt integer not null generated always as (failures + crashes + 1) stored,
    error_code text,
    error_message text,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz
) with (fillfactor = 70);
comment on table public.jobs is
'Background work of a user, with its progress. Written by workers only.';
comment on column public.jobs.user_id is
'The account it works for; null for system work, which no user sees.';
comment on column public.jobs.kind is
'analyze_product or generate_script. System work has more kinds, which no user sees.';
comment on column public.jobs.status is
'queued, running, waiting (for something outside, or for its next attempt); at last succeeded,
failed or cancelled.';
comment on column public.jobs.product_id is 'The product it works on, if any.';
comment on column public.jobs.stage is
'What it does now, in a word: queued, starting, fetching, fetching_page, collecting,
collecting_videos, collecting_comments, searching_videos, analysing, writing, reviewing, saving.
While it waits: retrying, waiting, waiting_for_source, waiting_for_tiktok. At last: done, failed,
cancelled. Show a word that you don''t know as it is: sources add theirs.';
comment on column public.jobs.progress is 'Percent of the work done, 0 to 100.';
comment on column public.jobs.failures is 'Attempts that ended in an error worth trying again.';
comment on column public.jobs.crashes is 'Attempts whose worker vanished.';
comment on column public.jobs.attempt is
'Number of the attempt that runs now or comes next, from 1.';
comment on column public.jobs.error_code is
'Why it failed, or why the last attempt failed; stable, see docs/errors.md.';
comment on column public.jobs.error_message is 'The same as a sentence for the user.';
comment on column public.jobs.started_at is 'When a worker first took it; null before.';
comment on column public.jobs.finished_at is
'When it succeeded, failed or was cancelled; null before. An ended job is removed 30 days after
created_at.';

-- No index on what an update changes, not even in its condition: each update of a job would then
-- write to all of them.
create index jobs_user_id_created_at_idx on public.jobs (user_id, created_at desc);
create index jobs_product_id_created_at_idx on public.jobs (product_id, created_at desc);

-- A column that never changes: it costs a job's updates nothing.
create index jobs_created_at_idx on public.jobs (created_at);

create statistics public.jobs_product_id_user_id_stats (dependencies)
on product_id, user_id from public.jobs;

alter table public.jobs enable row level security;
create policy jobs_select_own on public.jobs
for select to authenticated
using (user_id = (select auth.uid()));

grant select on public.jobs to authenticated;
grant select, insert, update, delete on public.jobs to service_role;

create table private.job_kinds (
    kind text primary key,
    queue text not null references private.queues on delete restrict,
    max_failures integer not null default 5 check (max_failures >= 1),
    max_crashes integer not null default 3 check (max_crashes >= 1),
    backoff_seconds double precision not null default 5 check (backoff_seconds >= 0)
);
comment on table private.job_kinds is
'The kinds of work: the queue of each, and how often it is tried.';
comment on column private.job_kinds.max_failures is 'The failure with this number is final.';
comment on column private.job_kinds.max_crashes is
'The crash with this number is final: the payload kills its workers.';
comment on column private.job_kinds.backoff_seconds is
'Wait before the first retry; doubles with each, up to an hour, with jitter.';
create index job_kinds_queue_idx on private.job_kinds (queue);
alter table private.job_kinds enable row level security;

create table private.live_jobs (
    job_id uuid primary key references public.jobs on delete cascade,
    msg_id bigint not null,
    tenant text not null,
    -- No reference: its check would lock the one row of the kind for every job that is added.
    kind text not null,
    key text,
    arguments jsonb not null default '{}' check (pg_column_size(arguments) <= 65536),
    steps jsonb check (pg_column_size(steps) <= 262144),
    is_cancelled boolean not null default false,
    is_woken boolean not null default false,
    is_redriven boolean not null default false,
    constraint live_jobs_tenant_kind_key_key unique (tenant, kind, key)
) with (fillfactor = 70);
comment on table private.live_jobs is
'The internal half of each unfinished job. private.end_job deletes the row.';
comment on column private.live_jobs.tenant is
'The fairness key: the account whose work it is, or "system". Tenants take turns.';
comment on column private.live_jobs.key is
'Idempotency key: at most one unfinished job per tenant, kind and key. Null: no deduplication.';
comment on column private.live_jobs.steps is
'Results that must not be paid for twice, by name: ids and derived results, never raw data. Null:
none yet.';
comment on column private.live_jobs.is_cancelled is 'Its user asked to stop it while it ran.';
comment on column private.live_jobs.is_woken is
'The event that it is about to wait for came while it still ran.';
comment on column private.live_jobs.is_redriven is 'An operator brought it back after it failed.';
alter table private.live_jobs enable row level security;

create table private.waiting_workers (
    queue text not null references private.queues on delete cascade,
    worker uuid not null,
    busy_tenants text[] not null,
    ends_at timestamptz not null,
    primary key (queue, worker)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100);
comment on table private.waiting_workers is
'Workers that wait for jobs of a queue. private.claim writes the rows. An enqueue notifies only if
there is one, because commits that notify wait for each other.';
comment on column private.waiting_workers.busy_tenants is
'Tenants whose jobs the worker runs already. Their new jobs do not notify it.';
comment on column private.waiting_workers.ends_at is
'The row counts until then; the worker renews it. A dead worker leaves its row behind.';
alter table private.waiting_workers enable row level security;

create table private.dead_letters (
    job_id uuid primary key references public.jobs on delete cascade,
    tenant text not null,
    kind text not null references private.job_kinds on delete restrict,
    key text,
    arguments jsonb not null,
    steps jsonb,
    is_redriven boolean not null,
    failed_at timestamptz not null default now()
);
comment on table private.dead_letters is 'What private.redrive needs to bring a failed job back.';
comment on column private.dead_letters.is_redriven is
'An operator brought it back before, and it failed again. Bringing back many leaves it out.';
create index dead_letters_kind_idx on private.dead_letters (kind);
create index dead_letters_failed_at_idx on private.dead_letters (failed_at);
alter table private.dead_letters enable row level security;
