-- Pulls by day in UTC, for the simulation of deletions (server/features/scores): one row for each day on which an artifact was
-- pulled. No foreign keys, so that counting a pull waits for no deletion: rows of what is gone are swept by their age.
create table pull_day (
  day date not null,
  repository_id bigint not null,
  artifact_id bigint not null,
  count bigint not null check (count > 0),
  primary key (repository_id, day, artifact_id)
);
create index pull_day_age on pull_day (day);

-- The rules by which repositories are scored; no row: the default preset.
create table score_rules (
  is_only boolean primary key default true check (is_only),
  rules jsonb not null,
  updated_at timestamptz not null default now()
);

-- What a repository that is restored gets back. Null for deletions of artifacts and tags, and for those before this column.
alter table trash add column repository_facts jsonb;
