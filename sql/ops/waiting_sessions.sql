-- Who waits for a lock, and who holds it? Run it when requests are slow or end as 57014. To end a
-- session: select pg_terminate_backend(PID).
select
    w.pid as waiting_pid,
    w.usename as waiting_login,
    h.pid as holding_pid,
    h.usename as holding_login,
    h.state as holder_is,
    now() - h.xact_start as held_for,
    left(w.query, 80) as waiting_query
from pg_stat_activity as w
cross join unnest(pg_blocking_pids(w.pid)) as b (pid)
inner join pg_stat_activity as h on b.pid = h.pid
order by held_for desc
limit 50;
