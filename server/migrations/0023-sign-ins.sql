-- From where which names have signed in, to the day: there a name is not slowed by what others do
-- (server/features/accounts/throttle.ts). Unlogged: after a crash of PostgreSQL everybody is a stranger again.
create unlogged table sign_in (
  name text not null,
  address text not null,
  last_at timestamptz not null default now(),
  primary key (name, address)
);
create index sign_in_last_at on sign_in (last_at);
