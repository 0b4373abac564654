-- How deep are the queues? Run first of all: due, sleeping, oldest, failed. (python -m workers
-- queues)
select * from private.queue_metrics();
