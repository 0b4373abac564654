-- Cancelling jobs: a queued one ends at once, a running one is stopped by its worker.

create function private.acknowledge_cancel(queue text, msg_id bigint, read_ct integer)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    v_live private.live_jobs := private.hold(
        acknowledge_cancel.queue, acknowledge_cancel.msg_id, acknowledge_cancel.read_ct
    );
begin
    perform private.end_job(v_live.job_id, 'cancelled');
    return v_live.job_id is not null;
end;
$$;
comment on function private.acknowledge_cancel is
'Ends a running job that its user cancelled, once the worker has stopped it. False: the lease was
lost.';
grant execute on function private.acknowledge_cancel to worker;

create function private.cancel_own_job(job_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    v_live private.live_jobs;
begin
    select l.* into v_live
    from private.live_jobs as l inner join public.jobs as j on l.job_id = j.id
    where l.job_id = cancel_own_job.job_id and j.user_id = auth.uid();
    -- The message's lock decides between this and a claim, and this and the job's end.
    v_live := private.hold(v_live.queue, v_live.msg_id);
    if exists (
        select from public.jobs as j where j.id = v_live.job_id and j.status = 'running'
    ) then
        update private.live_jobs as l set is_cancelled = true where l.job_id = v_live.job_id;
        perform pg_notify('job_cancelled', v_live.job_id::text);
    else
        perform private.end_job(v_live.job_id, 'cancelled');
    end if;
end;
$$;
comment on function private.cancel_own_job is
'Cancels the caller''s job: at once if it waits, through its worker if it runs; a finished one stays
as it is. Definer: it deletes from the queue. Identity comes from the token.';
grant execute on function private.cancel_own_job to authenticated;

create function public.cancel_job(job_id uuid)
returns public.jobs
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    v_job public.jobs;
begin
    perform private.cancel_own_job(cancel_job.job_id);
    select j.* into v_job from public.jobs as j where j.id = cancel_job.job_id;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such job.');
    end if;
    return v_job;
end;
$$;
comment on function public.cancel_job is
'Cancels one of the caller''s jobs and returns it: a queued one at once, a running one within a
second.

Errors: 404 not_found.';
grant execute on function public.cancel_job to authenticated;
