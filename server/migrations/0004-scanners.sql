-- Scanners that speak the pluggable scanner API. The credential is sealed with the installation's key.
create table scanner (
  id uuid primary key default gen_random_uuid(),
  name text collate "C" not null unique check (length(name) between 1 and 128),
  description text not null default '',
  url text collate "C" not null unique,
  is_disabled boolean not null default false,
  is_default boolean not null default false,
  auth text not null default '' check (auth in ('', 'Basic', 'Bearer', 'X-ScannerAdapter-API-Key')),
  sealed_credential text,
  skips_tls_check boolean not null default false,
  uses_internal_address boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
-- One default, whoever sets it.
create unique index scanner_default on scanner (is_default) where is_default;

-- A project's own choice; without one the default counts.
create table project_scanner (
  project_id bigint primary key references project on delete cascade,
  scanner_id uuid not null references scanner on delete cascade
);
create index project_scanner_scanner on project_scanner (scanner_id);
