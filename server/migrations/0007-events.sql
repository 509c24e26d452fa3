-- Which transaction wrote a fact. Ids are given before the commit, so a reader that went by them alone would pass over those that
-- commit late; with the transaction it can ask what has become visible since it looked last (docs/decisions/0010-events.md).
alter table outbox add xid xid8 not null default pg_current_xact_id();
-- Where the request came from and its id; null for what Marina did by itself.
alter table outbox add address text, add request_id text;
create index outbox_xid on outbox (xid);

-- How far each handler of facts has come.
create table event_place (
  handler text primary key,
  -- facts whose transactions are visible here have been handled
  seen pg_snapshot not null,
  -- while set: those that are visible here and not in `seen` are being handled in the order of their ids, up to last_id so far
  until pg_snapshot,
  last_id bigint not null default 0,
  -- the fact that failed last, how often, why, and when it is tried again
  failing_id bigint,
  failures integer not null default 0,
  trouble text,
  retry_at timestamptz,
  moved_at timestamptz not null default now()
);

-- Facts that a handler could not take after all its tries. They wait for an administrator; the handler went on.
create table event_parked (
  id bigint generated always as identity primary key,
  handler text not null,
  fact_id bigint not null,
  topic text not null,
  payload jsonb not null,
  occurred_at timestamptz not null,
  address text,
  request_id text,
  trouble text not null,
  parked_at timestamptz not null default now(),
  unique (handler, fact_id)
);
