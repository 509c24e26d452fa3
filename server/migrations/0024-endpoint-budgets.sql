-- Endpoints of other registries that asked for a pause (429, 503), until they are as fast as before
-- (server/registry/remote/budgets.ts). Unlogged: after a crash of PostgreSQL they tell Marina again.
create unlogged table endpoint_budget (
  -- `endpoint:<id>` of a saved endpoint, else `url:<origin>`.
  key text primary key,
  -- No call before.
  paused_until timestamptz not null,
  -- The least time between two calls of all processes together.
  spacing_ms integer not null,
  -- The next call that no process has yet claimed.
  next_at timestamptz not null,
  changed_at timestamptz not null default now()
);
