-- Why do jobs fail? Run after an alarm: the codes of the last day, the most frequent first.
select
    j.kind,
    j.error_code,
    count(*) as jobs,
    max(j.finished_at) as last_at
from public.jobs as j
where j.status = 'failed' and j.finished_at > now() - interval '1 day'
group by j.kind, j.error_code
order by jobs desc;
