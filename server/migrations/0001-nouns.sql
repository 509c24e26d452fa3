-- The five nouns (project, repository, artifact, tag, blob), who may touch them, and the facts they emit.
-- Names of the trade sort by byte (collate "C"): the order the Distribution Specification asks for, and the cheapest.

create table account (
  id bigint generated always as identity primary key,
  name text collate "C" not null unique check (length(name) between 1 and 255),
  email text,
  real_name text not null default '',
  comment text not null default '',
  password_hash text,
  is_admin boolean not null default false,
  is_disabled boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table project (
  id bigint generated always as identity primary key,
  name text collate "C" not null unique check (length(name) between 1 and 255),
  owner_id bigint not null references account on delete restrict,
  is_public boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index project_owner on project (owner_id);

-- Roles by Harbor's ids: 1 projectAdmin, 2 developer, 3 guest, 4 maintainer, 5 limitedGuest.
create table project_member (
  project_id bigint not null references project on delete cascade,
  account_id bigint not null references account on delete cascade,
  role smallint not null check (role between 1 and 5),
  created_at timestamptz not null default now(),
  primary key (project_id, account_id)
);
create index project_member_account on project_member (account_id);

create table repository (
  id bigint generated always as identity primary key,
  project_id bigint not null references project on delete restrict,
  name text collate "C" not null unique check (length(name) between 3 and 255),
  pull_count bigint not null default 0,
  pulled_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index repository_project on repository (project_id, name);

-- Bytes are stored once, whoever holds them. A row here means: the bytes are in storage and durable.
create table blob (
  id bigint generated always as identity primary key,
  digest text collate "C" not null unique,
  size bigint not null check (size >= 0),
  created_at timestamptz not null default now()
);

-- The right to read a blob comes from the repository that holds it.
create table repository_blob (
  repository_id bigint not null references repository on delete restrict,
  blob_id bigint not null references blob on delete restrict,
  created_at timestamptz not null default now(),
  primary key (repository_id, blob_id)
);
create index repository_blob_blob on repository_blob (blob_id);

create table artifact (
  id bigint generated always as identity primary key,
  repository_id bigint not null references repository on delete restrict,
  digest text collate "C" not null,
  media_type text not null,
  artifact_type text,
  kind text not null check (kind in ('image', 'index')),
  -- the manifest, its config and its layers, or for an index its children's sum
  size bigint not null check (size >= 0),
  -- 0 for an image, 1 + the deepest child for an index
  depth smallint not null default 0 check (depth between 0 and 8),
  config_digest text,
  subject_digest text collate "C",
  annotations jsonb not null default '{}',
  pull_count bigint not null default 0,
  pushed_at timestamptz not null default now(),
  pulled_at timestamptz,
  unique (repository_id, digest),
  unique (repository_id, id)
);
create index artifact_subject on artifact (repository_id, subject_digest, digest) where subject_digest is not null;

-- The bytes as they came, apart from the row so that lists of artifacts stay narrow.
create table manifest (
  artifact_id bigint primary key references artifact on delete cascade,
  content bytea not null
);

create table artifact_blob (
  artifact_id bigint not null references artifact on delete cascade,
  repository_id bigint not null,
  blob_id bigint not null,
  primary key (artifact_id, blob_id),
  foreign key (repository_id, blob_id) references repository_blob on delete restrict
);
create index artifact_blob_blob on artifact_blob (repository_id, blob_id);

create table artifact_child (
  parent_id bigint not null references artifact on delete cascade,
  repository_id bigint not null,
  child_id bigint not null,
  primary key (parent_id, child_id),
  foreign key (repository_id, child_id) references artifact (repository_id, id) on delete restrict
);
create index artifact_child_child on artifact_child (repository_id, child_id);

create table tag (
  id bigint generated always as identity primary key,
  repository_id bigint not null,
  artifact_id bigint not null,
  name text collate "C" not null check (length(name) between 1 and 128),
  pull_count bigint not null default 0,
  pushed_at timestamptz not null default now(),
  pulled_at timestamptz,
  unique (repository_id, name),
  foreign key (repository_id, artifact_id) references artifact (repository_id, id) on delete restrict
);
create index tag_artifact on tag (artifact_id);

-- A blob on its way in. `stage` is the storage driver's own note on where the bytes are.
create table upload (
  id uuid primary key,
  project_id bigint not null references project on delete cascade,
  repository text collate "C" not null,
  account_id bigint,
  algorithm text not null default 'sha256' check (algorithm in ('sha256', 'sha512')),
  stage jsonb not null,
  -- the request that is writing to it, renewed while it lives
  claim uuid,
  claimed_at timestamptz,
  -- the request that added the last bytes: a hash kept in memory counts only together with it
  grown_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index upload_age on upload (updated_at);
create index upload_project on upload (project_id);

-- Facts, written in the transaction that makes them true. Readers keep their own place by id.
create table outbox (
  id bigint generated always as identity primary key,
  topic text not null,
  payload jsonb not null,
  occurred_at timestamptz not null default clock_timestamp()
);

-- Keys that sign tokens. The private half is encrypted with the key made at first start.
create table signing_key (
  id text primary key,
  algorithm text not null,
  public_key jsonb not null,
  private_key text not null,
  created_at timestamptz not null default now(),
  -- no longer signs from here on; verifies until the tokens it signed have expired
  retired_at timestamptz
);

-- Failed logins, so that guessing is slowed on every replica alike.
create table login_failure (
  subject text primary key,
  failures integer not null,
  last_at timestamptz not null default now()
);

-- Processes that may serve from memory, and until when. Logged: after a crash of PostgreSQL a writer must still see them.
create table replica (
  id uuid primary key,
  lease_until timestamptz not null
);

-- One row each: facts about this installation that are neither settings nor secrets in the clear.
create table installation (
  name text primary key,
  value text not null
);
