-- Which queries take the most time? Run it when everything is slow. Needs the extension
-- pg_stat_statements.
select
    s.calls,
    round(s.total_exec_time::numeric) as total_ms,
    round(s.mean_exec_time::numeric, 2) as mean_ms,
    left(s.query, 120) as query
from extensions.pg_stat_statements as s
order by s.total_exec_time desc
limit 20;
