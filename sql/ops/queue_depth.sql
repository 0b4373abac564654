-- How deep are the queues? Run it first. It lists due, sleeping, oldest and failed jobs of each
-- queue, as `python -m workers queues` does.
select * from private.queue_metrics();
