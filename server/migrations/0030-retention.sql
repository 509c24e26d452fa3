-- Retention: which artifacts and tags a project keeps, and what its runs deleted.

create table retention_policy (
  id bigint generated always as identity primary key,
  -- null: of the system, for the projects that it chooses
  project_id bigint unique references project on delete cascade,
  -- of the system: doublestar patterns over the names of projects, [{pattern, excludes}]
  projects jsonb not null default '[]',
  -- of the system: also for projects that have a policy of their own
  also_with_own boolean not null default false,
  -- or: Harbor's rules; ordered: the first rule that picks something decides
  algorithm text not null check (algorithm in ('or', 'ordered')),
  rules jsonb not null,
  -- '': by hand only
  cron text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- A policy that goes, also with its project, takes its schedule along.
create function drop_retention_schedules() returns trigger language plpgsql as $$
begin
  delete from schedule using removed where schedule.vendor_type = 'RETENTION' and schedule.vendor_id = removed.id;
  return null;
end $$;
create trigger drop_retention_schedules after delete on retention_policy referencing old table as removed
  for each statement execute function drop_retention_schedules();

-- A run, with the rules as they were when it began.
create table retention_run (
  execution_id bigint primary key references execution on delete cascade,
  policy_id bigint not null,
  algorithm text not null check (algorithm in ('or', 'ordered')),
  rules jsonb not null,
  is_dry_run boolean not null,
  -- percent of a project's tags; null: the project's own setting
  max_share smallint check (max_share between 0 and 100),
  asked_by jsonb not null,
  asked_at timestamptz not null default clock_timestamp()
);

-- The run that deleted it, so that all of it can be restored together. No reference: the trash outlives the run.
alter table trash add column run_id bigint;
-- Of a deleted tag: {pushed_at, pulled_at, pull_count}; null for one from before.
alter table trash add column tag_state jsonb;
create index trash_run on trash (run_id, id) where run_id is not null;
