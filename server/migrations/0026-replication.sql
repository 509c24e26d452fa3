-- Replication: policies, the events that wait for their policy's next run, and what copies need to go on after a cut.

create table replication_policy (
  id bigint generated always as identity primary key,
  name text collate "C" not null unique check (length(name) between 1 and 256),
  description text not null default '',
  creator text not null,
  -- Which way: from Marina to the endpoint, or from the endpoint to Marina.
  direction text not null check (direction in ('push', 'pull')),
  endpoint_id bigint not null references endpoint on delete restrict,
  dest_namespace text not null default '',
  replace_count smallint not null default -1,
  -- A template of target names beside Harbor's two fields; '' for none. Its groups come from name_pattern.
  name_template text not null default '',
  name_pattern text not null default '',
  -- Harbor's filters as they came: [{ type, value, decoration? }].
  filters jsonb not null default '[]',
  -- null: made without a trigger, which means manual
  trigger text check (trigger in ('manual', 'scheduled', 'event_based')),
  cron text not null default '',
  overrides boolean not null default false,
  deletes boolean not null default false,
  is_enabled boolean not null default false,
  -- KB/s of each task; 0 for no limit
  speed integer not null default 0 check (speed >= 0),
  copies_by_chunk boolean not null default false,
  is_single boolean not null default false,
  -- os/architecture[/variant]; none for all
  platforms text[] not null default '{}',
  -- what becomes of an index whose children are not all wanted: its digest stays, or a new index is written
  rewrites_index boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index replication_policy_endpoint on replication_policy (endpoint_id);
create index replication_policy_events on replication_policy (id) where is_enabled and trigger = 'event_based';

-- What happened in Marina and waits for the next run of an event-based policy. Events of the same thing are one row.
create table replication_event (
  policy_id bigint not null references replication_policy on delete cascade,
  kind text not null check (kind in ('push', 'tag deletion', 'deletion')),
  repository text collate "C" not null,
  -- a tag, or a digest where there is no tag
  reference text collate "C" not null,
  digest text collate "C" not null,
  occurred_at timestamptz not null,
  primary key (policy_id, kind, repository, reference)
);

-- Which repositories a policy has made or filled at its target. A mirror deletes in these alone.
create table replication_repository (
  policy_id bigint not null references replication_policy on delete cascade,
  target text collate "C" not null,
  source text collate "C" not null,
  primary key (policy_id, target, source)
);
create index replication_repository_target on replication_repository (target);

-- Uploads under way: a copy that was cut short goes on from the byte that arrived. Endpoint 0 is Marina itself.
create table replication_upload (
  endpoint_id bigint not null,
  repository text collate "C" not null,
  digest text collate "C" not null,
  upload text not null,
  updated_at timestamptz not null default now(),
  primary key (endpoint_id, repository, digest)
);
create index replication_upload_age on replication_upload (updated_at);

-- Bytes, tasks and errors of each endpoint, for metrics; counted in the transaction that ends a task.
create table replication_tally (
  endpoint_id bigint primary key,
  bytes bigint not null default 0,
  tasks bigint not null default 0,
  errors bigint not null default 0
);

-- Tasks of one lane get a fair share of a type's places in each process; null for tasks that have none.
alter table task add column lane text;
-- Whether a run that is lost with its process counts as a failed try.
alter table task add column counts_losses boolean not null default true;
