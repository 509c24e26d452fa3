-- Preheating: services that fetch images before machines ask for them, and what each project has them fetch.

create table preheat_instance (
  id bigint generated always as identity primary key,
  name text collate "C" not null unique check (length(name) between 1 and 255),
  description text not null default '',
  -- Harbor's vendor: dragonfly, kraken
  provider text collate "C" not null,
  endpoint text collate "C" not null unique,
  auth_mode text not null default '' check (auth_mode in ('', 'NONE', 'BASIC', 'OAUTH', 'CUSTOM')),
  -- what the mode needs, encrypted; null for nothing
  sealed_auth text,
  is_enabled boolean not null,
  is_default boolean not null,
  is_insecure boolean not null,
  -- what the last call found; '' in `trouble` while it is healthy
  status text not null default 'Unknown' check (status in ('Unknown', 'Healthy', 'Unhealthy')),
  trouble text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index preheat_instance_default on preheat_instance (is_default) where is_default;

create table preheat_policy (
  id bigint generated always as identity primary key,
  project_id bigint not null references project on delete cascade,
  instance_id bigint not null references preheat_instance on delete restrict,
  name text collate "C" not null check (length(name) between 1 and 255),
  description text not null default '',
  -- [{ type, value }], checked
  filters jsonb not null,
  trigger text not null check (trigger in ('manual', 'scheduled', 'event_based')),
  -- of a scheduled policy; '' otherwise
  cron text not null default '',
  -- { scope?, cluster_ids? }; null for none
  extra_attrs jsonb,
  is_enabled boolean not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (project_id, name)
);
create index preheat_policy_instance on preheat_policy (instance_id);

-- A policy that goes, also with its project, takes its schedule along.
create function drop_preheat_schedules() returns trigger language plpgsql as $$
begin
  delete from schedule using removed where schedule.vendor_type = 'P2P_PREHEAT' and schedule.vendor_id = removed.id;
  return null;
end $$;
create trigger drop_preheat_schedules after delete on preheat_policy referencing old table as removed
  for each statement execute function drop_preheat_schedules();

-- What event-based policies still have to look at; the next run of the policy takes it.
create table preheat_event (
  policy_id bigint not null references preheat_policy on delete cascade,
  repository_id bigint not null references repository on delete cascade,
  tag text collate "C" not null,
  occurred_at timestamptz not null,
  primary key (policy_id, repository_id, tag)
);
create index preheat_event_repository on preheat_event (repository_id);

-- Images that have ended, for metrics: tasks are kept for a while only.
create table preheat_tally (
  instance_id bigint primary key references preheat_instance on delete cascade,
  succeeded bigint not null default 0,
  failed bigint not null default 0
);
