-- Who did what, when, from where, and how it came out: one row for each fact, under the fact's id, so that a fact that is told
-- again adds none. Rows are never changed. By month, so that the old ones go as whole tables.
create table audit_log (
  id bigint not null,
  occurred_at timestamptz not null,
  actor_kind text not null,
  actor_id bigint,
  username text not null,
  -- null: about the system; no reference, since the log outlives the project
  project_id bigint,
  resource_type text not null,
  resource text not null,
  operation text not null,
  description text not null,
  is_success boolean not null,
  address text,
  request_id text,
  -- what the fact says beyond that, without secrets
  details jsonb,
  primary key (occurred_at, id)
) partition by range (occurred_at);
create index audit_log_project on audit_log (project_id, occurred_at, id);

-- Makes the table of the month (UTC) in which `moment` lies, unless it is there. Attached, which lets others go on reading and writing.
create function make_audit_month(moment timestamptz) returns void language plpgsql as $$
declare
  first_day timestamp := date_trunc('month', moment at time zone 'UTC');
  part text := 'audit_log_' || to_char(first_day, 'YYYY_MM');
begin
  if to_regclass(part) is not null then return; end if;
  perform pg_advisory_xact_lock(1903521653, 0);
  if to_regclass(part) is not null then return; end if;
  execute format('create table %I (like audit_log including defaults including constraints)', part);
  execute format('alter table audit_log attach partition %I for values from (%L) to (%L)', part,
    first_day at time zone 'UTC', (first_day + interval '1 month') at time zone 'UTC');
end $$;
