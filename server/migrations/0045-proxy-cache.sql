-- Projects that cache another registry (Harbor's proxy cache): what is known of that registry (the upstream). What is
-- stored whole is an artifact like any other; these tables hold what comes before, and when the upstream was asked.

-- Set for a project that caches this endpoint; it never changes.
alter table project add column endpoint_id bigint references endpoint on delete restrict;
create index project_endpoint on project (endpoint_id) where endpoint_id is not null;

-- Manifests that the upstream has.
create table proxied_manifest (
  id bigint generated always as identity primary key,
  project_id bigint not null references project on delete cascade,
  -- The full name here: project/name.
  repository text collate "C" not null,
  digest text collate "C" not null,
  media_type text not null,
  -- The bytes as they came; null once the manifest is an artifact, which has them.
  content bytea,
  fetched_at timestamptz not null default now(),
  unique (repository, digest)
);
create index proxied_manifest_project on proxied_manifest (project_id);
create index proxied_manifest_waiting on proxied_manifest (fetched_at) where content is not null;

-- What those manifests name: which blobs and manifests may be fetched, how long they are, and which index has which
-- child.
create table proxied_part (
  manifest_id bigint not null references proxied_manifest on delete cascade,
  digest text collate "C" not null,
  -- In bytes, as the manifest says.
  size bigint not null,
  kind text not null check (kind in ('config', 'layer', 'manifest')),
  primary key (manifest_id, digest)
);
create index proxied_part_digest on proxied_part (digest);

-- What a tag of the upstream named when it was asked last.
create table proxied_tag (
  project_id bigint not null references project on delete cascade,
  repository text collate "C" not null,
  name text collate "C" not null,
  digest text collate "C" not null,
  media_type text not null,
  -- Of the manifest, in bytes.
  size bigint not null,
  checked_at timestamptz not null default now(),
  -- Since when the upstream says that it has no such tag.
  gone_at timestamptz,
  primary key (repository, name)
);
create index proxied_tag_digest on proxied_tag (repository, digest);
create index proxied_tag_project on proxied_tag (project_id, repository, name);

-- Blobs on their way from an upstream: each is fetched by one process, which renews its row while it does. Unlogged: a
-- crash of PostgreSQL ends all downloads.
create unlogged table proxied_download (
  repository text collate "C" not null,
  digest text collate "C" not null,
  project_id bigint not null,
  owner uuid not null,
  -- The file that holds what has arrived; processes with the same data folder read it.
  file text not null,
  renewed_at timestamptz not null default now(),
  primary key (repository, digest)
);
create index proxied_download_project on proxied_download (project_id);

-- How often each cache was asked, and how many bytes came from where, for people.
create table proxied_tally (
  project_id bigint primary key references project on delete cascade,
  hits bigint not null default 0,
  misses bigint not null default 0,
  stale bigint not null default 0,
  saved_bytes bigint not null default 0,
  fetched_bytes bigint not null default 0
);
