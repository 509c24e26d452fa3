-- What clusters run, as their agents report it: kept, until the report runs out.
create table deployment (
  project_id bigint not null references project on delete cascade,
  repository_id bigint not null references repository on delete cascade,
  digest text collate "C" not null,
  cluster text collate "C" not null check (length(cluster) between 1 and 128),
  -- where in the cluster, for people: default/web
  workload text not null default '',
  reported_by jsonb not null,
  reported_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  primary key (repository_id, digest, cluster)
);
create index deployment_cluster on deployment (cluster, project_id);
create index deployment_project on deployment (project_id);
create index deployment_age on deployment (expires_at);

-- What new projects begin with. The first template, by id, that chooses a project's name is applied.
create table project_template (
  id bigint generated always as identity primary key,
  name text not null unique check (length(name) between 1 and 128),
  -- doublestar patterns over the names of projects, [{pattern, excludes}]
  projects jsonb not null default '[]',
  -- {algorithm, rules, cron}; null: none
  retention jsonb,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
