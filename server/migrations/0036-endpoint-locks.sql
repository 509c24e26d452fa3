-- What one process alone may change at another registry now (server/registry/remote/locks.ts). Unlogged: whoever finds
-- its row gone after a crash of PostgreSQL begins anew.
create unlogged table endpoint_lock (
  -- The URL of what is changed.
  key text primary key,
  holder uuid not null,
  -- Another process may take the lock from then on: its holder has died.
  lease_until timestamptz not null
);
