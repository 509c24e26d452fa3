-- Webhooks: who wants to be told what, where to, and each delivery. A delivery's row is the job, its place in the queue and its
-- history at once (docs/decisions/0013-webhooks.md).

create table webhook_policy (
  id bigint generated always as identity primary key,
  -- null: of the whole system
  project_id bigint references project on delete cascade,
  name text not null check (length(name) between 1 and 255),
  description text not null default '',
  is_enabled boolean not null,
  -- Harbor's names
  event_types text[] not null,
  -- doublestar patterns; empty: every repository, every tag
  repositories text not null default '',
  tags text not null default '',
  creator text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique nulls not distinct (project_id, name)
);

create table webhook_target (
  id bigint generated always as identity primary key,
  policy_id bigint not null references webhook_policy on delete cascade,
  position smallint not null,
  type text not null,
  payload_format text not null default '',
  verifies_tls boolean not null,
  -- of a generic target
  template text,
  -- encrypted JSON: address, authorization, headers, signing secrets
  sealed text not null,
  -- rounds of tries in a row in which nothing got through
  failed_rounds integer not null default 0,
  -- nothing is sent before this
  rests_until timestamptz,
  -- stopped: by Marina, which then tries now and then whether it answers again, or by somebody, who has to end that himself
  paused_at timestamptz,
  paused_by text check (paused_by in ('marina', 'user')),
  paused_why text not null default '',
  -- the process that delivers to it, and until when that counts as alive
  held_by uuid,
  held_until timestamptz
);
create index webhook_target_policy on webhook_target (policy_id, position);

create table webhook_delivery (
  id bigint generated always as identity primary key,
  policy_id bigint not null references webhook_policy on delete cascade,
  -- no reference: history may outlive its target, and each index here would be paid for by every delivery
  target_id bigint,
  notify_type text not null,
  event_type text not null,
  -- the same in every try, every redelivery and for every target
  event_id uuid not null,
  -- deliveries to one target with the same key go one after the other
  ordered_by text collate "C" not null,
  trigger text not null check (trigger in ('EVENT', 'MANUAL')),
  content_type text not null,
  body text not null,
  status text not null default 'Pending' check (status in ('Pending', 'Success', 'Error', 'Stopped')),
  status_message text not null default '',
  -- those that count against the limit, and what became of each, the last ones
  tries integer not null default 0,
  history jsonb not null default '[]',
  -- the last answer, its body cut to a limit
  answer jsonb,
  due_at timestamptz not null default clock_timestamp(),
  created_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  ended_at timestamptz
);
-- The queue of each target.
create index webhook_delivery_waiting on webhook_delivery (target_id, id) where status = 'Pending';
-- Lists of a policy, newest first.
create index webhook_delivery_policy on webhook_delivery (policy_id, id desc);
