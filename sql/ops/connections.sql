-- Who has the connections, and which transaction is the oldest? Run it when connections run out, or
-- when a transaction stays open. To end a session: select pg_terminate_backend(PID).
select
    a.usename as login,
    a.application_name,
    a.state,
    count(*) as connections,
    max(now() - a.xact_start) as oldest_transaction,
    (array_agg(a.pid order by a.xact_start asc nulls last))[1] as pid_of_it
from pg_stat_activity as a
where a.backend_type = 'client backend' and a.pid <> pg_backend_pid()
group by a.usename, a.application_name, a.state
order by oldest_transaction desc nulls last, connections desc
limit 50;
