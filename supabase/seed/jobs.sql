-- Queues, kinds of jobs, schedules, and the semaphores of outside services.

insert into private.queues (queue)
values ('ingestion'), ('scripts'), ('billing'), ('maintenance')
on conflict on constraint queues_pkey do nothing;

insert into private.job_kinds (kind, queue, max_failures, max_crashes, backoff_seconds)
values
('analyze_product', 'ingestion', 5, 3, 5),
('generate_script', 'scripts', 5, 3, 5),
-- Thirty retries outlast an outage of Stripe of most of a day.
('sync_customer', 'billing', 30, 10, 5),
('reconcile_billing', 'billing', 5, 3, 5),
('erase_account', 'billing', 30, 10, 5),
('erase_rows', 'maintenance', 30, 1000, 5),
('prune_jobs', 'maintenance', 5, 3, 5),
('watch_products', 'maintenance', 5, 3, 5),
('delete_source_runs', 'maintenance', 5, 3, 5),
('revoke_tiktok', 'maintenance', 20, 3, 30),
('deliver_webhooks', 'maintenance', 30, 1000, 5)
on conflict on constraint job_kinds_pkey do update set
    queue = excluded.queue,
    max_failures = excluded.max_failures,
    max_crashes = excluded.max_crashes,
    backoff_seconds = excluded.backoff_seconds;

insert into private.schedules (name, kind, every)
values
('prune_jobs', 'prune_jobs', '1 hour'),
('watch_products', 'watch_products', '1 minute'),
('delete_source_runs', 'delete_source_runs', '5 minutes'),
('reconcile_billing', 'reconcile_billing', '10 minutes')
on conflict on constraint schedules_pkey do update set
    kind = excluded.kind,
    every = excluded.every;

insert into private.semaphores (name, max_running, max_running_per_user, starts_per_minute)
values ('apify', 20, 3, 120), ('openai', 40, 5, 600), ('webhooks', 6, 2, null)
on conflict on constraint semaphores_pkey do update set
    max_running = excluded.max_running,
    max_running_per_user = excluded.max_running_per_user,
    starts_per_minute = excluded.starts_per_minute;
