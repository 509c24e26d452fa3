-- Jobs, in Harbor's model: an execution is one run of something, made of tasks; a task is one job of the queue. The queue itself
-- (what waits, what is taken) stands in the schema graphile_worker, which its library makes and keeps; it holds no job that has
-- ended. What is here is the truth about each job: a task that runs is held by a pool with a lease.

-- Processes that run jobs. One whose heartbeat is too old is dead, and what it ran is run again or ends in error.
create table worker_pool (
  -- the queue's own id of the process, by which it holds what it took
  id text primary key,
  pid integer not null,
  host text not null,
  concurrency integer not null,
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now()
);

create table execution (
  id bigint generated always as identity primary key,
  -- Harbor's names: GARBAGE_COLLECTION, REPLICATION, WEBHOOK, ...
  vendor_type text collate "C" not null,
  -- what it was run for, such as a policy; -1 for what there is only once
  vendor_id bigint not null default -1,
  trigger text not null check (trigger in ('MANUAL', 'SCHEDULE', 'EVENT')),
  status text not null default 'Pending' check (status in ('Pending', 'Running', 'Success', 'Error', 'Stopped')),
  status_message text not null default '',
  extra_attrs jsonb not null default '{}',
  -- kept as counts so that the end of a task is one update, also of an execution with thousands of them
  tasks integer not null default 0,
  unfinished integer not null default 0 check (unfinished >= 0),
  succeeded integer not null default 0,
  failed integer not null default 0,
  stopped integer not null default 0,
  -- set where only one may be unfinished at a time
  single_key text,
  started_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz
);
create index execution_vendor on execution (vendor_type, vendor_id, id desc);
create unique index execution_single on execution (single_key) where ended_at is null and single_key is not null;

create table task (
  id bigint generated always as identity primary key,
  execution_id bigint not null references execution on delete cascade,
  job_type text collate "C" not null,
  status text not null default 'Pending' check (status in ('Pending', 'Running', 'Success', 'Error', 'Stopped')),
  status_message text not null default '',
  -- one more with every change of status or progress
  status_revision bigint not null default 0,
  -- how often it was started
  run_count integer not null default 0,
  -- tries that failed or were lost with their worker; at max_tries it ends in error
  failures integer not null default 0,
  max_tries integer not null check (max_tries > 0),
  -- less is sooner
  priority smallint not null default 0,
  params jsonb not null default '{}',
  extra_attrs jsonb not null default '{}',
  -- set where only one may run at a time, wherever
  alone_key text,
  pool_id text,
  stop_asked_at timestamptz,
  run_at timestamptz not null default clock_timestamp(),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  ended_at timestamptz
);
create index task_execution on task (execution_id, id);
create index task_running on task (pool_id) where status = 'Running';
create index task_pending on task (job_type, run_at) where status = 'Pending';
create unique index task_alone on task (alone_key) where status = 'Running' and alone_key is not null;

-- What a job said, a few lines a row. Gone only together with its task.
create table job_log (
  task_id bigint not null references task on delete cascade,
  part integer not null,
  text text not null,
  primary key (task_id, part)
);

-- Types of jobs whose queue somebody paused. SCHEDULER stands for all schedules.
create table paused_queue (
  job_type text collate "C" primary key,
  paused_at timestamptz not null default now()
);

create table schedule (
  id bigint generated always as identity primary key,
  vendor_type text collate "C" not null,
  vendor_id bigint not null default -1,
  job_type text collate "C" not null,
  -- Harbor's word: Hourly, Daily, Weekly, Custom
  cron_type text not null,
  -- six fields, seconds first, UTC
  cron text not null,
  params jsonb not null default '{}',
  extra_attrs jsonb not null default '{}',
  next_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (vendor_type, vendor_id)
);
create index schedule_due on schedule (next_at);
