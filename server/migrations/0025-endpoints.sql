-- Other registries that Marina copies from and to (Harbor's "registries"). The secret is sealed with the
-- installation's key.
create table endpoint (
  id bigint generated always as identity primary key,
  name text collate "C" not null unique check (length(name) between 1 and 64),
  description text not null default '',
  type text collate "C" not null,
  url text collate "C" not null,
  -- Asked instead of the token service that the registry names; '' for that one.
  token_service_url text not null default '',
  credential_type text not null default '' check (credential_type in ('', 'basic', 'oauth')),
  access_key text not null default '',
  sealed_secret text,
  is_insecure boolean not null default false,
  -- Authorities to trust beside the system's, PEM; '' for none.
  ca_certificate text not null default '',
  status text not null check (status in ('healthy', 'unhealthy')),
  -- Why it is unhealthy, for people; '' while it is healthy.
  trouble text not null default '',
  checked_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- Counts what an administrator saves; a check changes neither.
  version integer not null default 1
);
