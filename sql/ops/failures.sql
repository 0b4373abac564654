-- Why do jobs fail? Run it after an alarm. Lists the error codes of the last day, the most frequent
-- first. Reads the dead letters, which have an index by time.
select
    j.kind,
    j.error_code,
    count(*) as jobs,
    max(j.finished_at) as last_at
from private.dead_letters as d
inner join public.jobs as j on d.job_id = j.id
where d.failed_at > now() - interval '1 day'
group by j.kind, j.error_code
order by jobs desc;
