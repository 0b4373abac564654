-- Moves of an account from one cell to another, as the directory knows them. A move is a row of
-- private.cell_moves; `step` is the last step that is done. Up to `copied` a killed move copies
-- anew. `redirected` is its one commit: afterwards the move only goes on.

create table private.cell_moves (
    account_id uuid primary key references private.cell_accounts on delete cascade,
    source_cell_id text not null references private.cells on delete restrict,
    target_cell_id text not null references private.cells on delete restrict,
    step text not null default 'begun'
    check (step in ('begun', 'frozen', 'copied', 'redirected', 'arrived', 'departed', 'cleared')),
    begun_at timestamptz not null default now(),
    frozen_at timestamptz,
    arrived_at timestamptz,
    check (source_cell_id <> target_cell_id)
);
comment on table private.cell_moves is
'Directory: the latest move of each account. `cleared` is the last step.';
comment on column private.cell_moves.step is 'The last step that is done.';
comment on column private.cell_moves.frozen_at is
'Since when the account is read-only; null before.';
comment on column private.cell_moves.arrived_at is
'When it could be written again, in its new cell; null before.';
create index cell_moves_source_cell_id_idx on private.cell_moves (source_cell_id);
create index cell_moves_target_cell_id_idx on private.cell_moves (target_cell_id);
alter table private.cell_moves enable row level security;

create function private.begin_move(account_id uuid, target_cell_id text)
returns private.cell_moves
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_source text;
    v_move private.cell_moves;
begin
    insert into private.cell_accounts (account_id, issuer, subject, cell_id)
    select a.id, a.issuer, a.subject, private.home_cell() from private.accounts as a
    where a.id = begin_move.account_id and a.deleted_at is null
    on conflict do nothing;
    select a.cell_id into v_source from private.cell_accounts as a
    where a.account_id = begin_move.account_id for update;
    if not found then
        raise exception 'The directory knows no account %.', begin_move.account_id;
    end if;
    select m.* into v_move from private.cell_moves as m where m.account_id = begin_move.account_id;
    if v_move.step <> 'cleared' then
        if v_move.target_cell_id <> begin_move.target_cell_id then
            raise exception 'A move to % has begun. Finish it or abort it first.',
                v_move.target_cell_id;
        end if;
        return v_move;
    end if;
    if v_source = begin_move.target_cell_id then
        return v_move;
    end if;
    insert into private.cell_moves as m (account_id, source_cell_id, target_cell_id)
    values (begin_move.account_id, v_source, begin_move.target_cell_id)
    on conflict on constraint cell_moves_pkey do update set
        source_cell_id = excluded.source_cell_id,
        target_cell_id = excluded.target_cell_id,
        step = 'begun',
        begun_at = now(),
        frozen_at = null,
        arrived_at = null
    returning m.* into v_move;
    return v_move;
end;
$$;
comment on function private.begin_move is
'Begins the move of an account to a cell, or returns the one that has begun. Null or step cleared:
it lives there already. Definer: the mover has no table rights.';
grant execute on function private.begin_move to mover;

create function private.record_move(account_id uuid, step text)
returns private.cell_moves
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_move private.cell_moves;
begin
    update private.cell_moves as m set
        step = record_move.step,
        frozen_at = case
            when record_move.step = 'frozen' then coalesce(m.frozen_at, clock_timestamp())
            when record_move.step <> 'begun' then m.frozen_at
        end,
        arrived_at = coalesce(
            m.arrived_at, case when record_move.step = 'arrived' then clock_timestamp() end
        )
    where m.account_id = record_move.account_id
        -- After the commit no step may undo it.
        and (
            m.step in ('begun', 'frozen', 'copied')
            or record_move.step not in ('begun', 'frozen', 'copied')
        )
    returning m.* into strict v_move;
    if record_move.step = 'redirected' then
        update private.cell_accounts as a set cell_id = v_move.target_cell_id
        where a.account_id = record_move.account_id;
    end if;
    return v_move;
end;
$$;
comment on function private.record_move is
'Notes that a step of a move is done. `redirected` names the new cell in the same transaction.
Definer: the mover has no table rights.';
grant execute on function private.record_move to mover;

create function private.require_abortable(account_id uuid)
returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select from private.cell_moves as m
        where m.account_id = require_abortable.account_id
            and m.step in ('begun', 'frozen', 'copied')
    ) then
        raise exception 'The account was redirected, so its move can only go on.';
    end if;
end;
$$;
comment on function private.require_abortable is
'Raises an exception unless a move of the account has begun and was not redirected. Definer: the
mover has no table rights.';
grant execute on function private.require_abortable to mover;

create function private.abort_move(account_id uuid)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.require_abortable(abort_move.account_id);
    delete from private.cell_moves as m where m.account_id = abort_move.account_id;
end;
$$;
comment on function private.abort_move is
'Forgets a move that has not been redirected. Definer: the mover has no table rights.';
grant execute on function private.abort_move to mover;
