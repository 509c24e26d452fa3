-- What a stream of events needs beside the facts: who changes a task says so, at the commit, so that a process with listeners
-- reads each execution once however many follow it (docs/decisions/0035-live-stream.md). One notification for each statement.
create function tell_executions() returns trigger language plpgsql as $$
declare
  ids text;
begin
  select string_agg(distinct execution_id::text, ',') into ids from changed;
  if ids is not null then
    -- PostgreSQL takes payloads below 8,000 bytes; without ids, listeners look at all executions that have not ended.
    perform pg_notify('marina_live', 'execution:' || case when length(ids) < 7900 then ids else '' end);
  end if;
  return null;
end $$;
create trigger tell_executions_of_new after insert on task
  referencing new table as changed for each statement execute function tell_executions();
create trigger tell_executions_of_changed after update on task
  referencing new table as changed for each statement execute function tell_executions();

-- Executions that have not ended, and those that ended since a client was here last.
create index execution_ended on execution (ended_at);
