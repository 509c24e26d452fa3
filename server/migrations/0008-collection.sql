-- What may be garbage, in queues that whatever deletes or leaves behind fills in its own transaction: a collection costs what
-- lies here, not what the registry holds (docs/decisions/0011-collection.md). Times are the database's own.

-- A hold of a repository on a blob that no manifest there needs yet: a push under way, or one that was given up.
create table unused_link (
  repository_id bigint not null,
  blob_id bigint not null,
  noted_at timestamptz not null default clock_timestamp(),
  primary key (repository_id, blob_id)
);
create index unused_link_blob on unused_link (blob_id);

-- A hold that has ended. HEAD no longer finds the blob here, but a push that saw it a moment ago may still name it: its manifest
-- takes the hold up again. Keeps the bytes for as long as it stands.
create table released_link (
  repository_id bigint not null references repository on delete cascade,
  blob_id bigint not null references blob on delete restrict,
  released_at timestamptz not null default clock_timestamp(),
  primary key (repository_id, blob_id)
);
create index released_link_blob on released_link (blob_id);

-- Blobs that lost a holder. Whether another is left is found out by the collection, under lock.
create table blob_candidate (
  blob_id bigint primary key,
  noted_at timestamptz not null default clock_timestamp()
);

-- Bytes in storage that no blob row speaks for. Not doomed: somebody is writing them, or was when it died. Doomed: a collection
-- may take them at any moment; gone: it has, and the row stays a while to tell those who wrote the same bytes just before.
create table stray (
  digest text collate "C" primary key,
  size bigint,
  noted_at timestamptz not null default clock_timestamp(),
  doomed_at timestamptz,
  gone_at timestamptz,
  check (gone_at is null or doomed_at is not null)
);
create index stray_left on stray (digest) where gone_at is null;
create index stray_gone on stray (gone_at) where gone_at is not null;

-- One deletion that can be taken back: a tag, an artifact with what went with it, or a repository.
create table trash (
  id bigint generated always as identity primary key,
  project_id bigint not null references project on delete cascade,
  repository text collate "C" not null,
  kind text not null check (kind in ('tag', 'artifact', 'repository')),
  -- of the tag, or of the artifact that was asked for
  digest text collate "C",
  tag text collate "C",
  -- the repository's
  description text,
  deleted_by jsonb not null,
  deleted_at timestamptz not null default clock_timestamp()
);
create index trash_project on trash (project_id, id);
create index trash_age on trash (deleted_at);

create table trash_artifact (
  trash_id bigint not null references trash on delete cascade,
  digest text collate "C" not null,
  media_type text not null,
  content bytea not null,
  size bigint not null,
  depth smallint not null,
  -- [{name, pushed_at, pulled_at, pull_count}]
  tags jsonb not null,
  -- ids; a label that is gone meanwhile stays gone
  labels bigint[] not null,
  description jsonb not null,
  pull_count bigint not null,
  pushed_at timestamptz not null,
  pulled_at timestamptz,
  primary key (trash_id, digest)
);

-- Keeps the bytes of what is in the trash.
create table trash_blob (
  trash_id bigint not null references trash on delete cascade,
  blob_id bigint not null references blob on delete restrict,
  deleted_at timestamptz not null,
  primary key (trash_id, blob_id)
);
create index trash_blob_blob on trash_blob (blob_id);

-- Everything that may hold a blob; each has a foreign key that says the same.
create function is_blob_held(wanted bigint) returns boolean language sql stable as $$
  select exists (select from repository_blob where blob_id = wanted) or exists (select from released_link where blob_id = wanted)
    or exists (select from trash_blob where blob_id = wanted) or exists (select from system_artifact where blob_id = wanted)
$$;

create function note_unused_links() returns trigger language plpgsql as $$
begin
  insert into unused_link (repository_id, blob_id) select repository_id, blob_id from added order by 1, 2 on conflict (repository_id, blob_id) do update set noted_at = excluded.noted_at;
  return null;
end $$;
create trigger note_unused_links after insert on repository_blob referencing new table as added for each statement execute function note_unused_links();

create function forget_unused_links() returns trigger language plpgsql as $$
begin
  delete from unused_link using added where unused_link.repository_id = added.repository_id and unused_link.blob_id = added.blob_id;
  return null;
end $$;
create trigger forget_unused_links after insert on artifact_blob referencing new table as added for each statement execute function forget_unused_links();

create function note_blobs() returns trigger language plpgsql as $$
begin
  insert into blob_candidate (blob_id) select distinct blob_id from removed order by 1 on conflict (blob_id) do update set noted_at = excluded.noted_at;
  return null;
end $$;
create trigger note_blobs after delete on repository_blob referencing old table as removed for each statement execute function note_blobs();
create trigger note_blobs after delete on system_artifact referencing old table as removed for each statement execute function note_blobs();

-- These have waited already: the blob's time counts from when they were let go.
create function note_released_blobs() returns trigger language plpgsql as $$
begin
  insert into blob_candidate (blob_id, noted_at) select blob_id, max(released_at) from removed group by 1 order by 1
  on conflict (blob_id) do update set noted_at = greatest(blob_candidate.noted_at, excluded.noted_at);
  return null;
end $$;
create trigger note_released_blobs after delete on released_link referencing old table as removed for each statement execute function note_released_blobs();

create function note_trashed_blobs() returns trigger language plpgsql as $$
begin
  insert into blob_candidate (blob_id, noted_at) select blob_id, max(deleted_at) from removed group by 1 order by 1
  on conflict (blob_id) do update set noted_at = greatest(blob_candidate.noted_at, excluded.noted_at);
  return null;
end $$;
create trigger note_trashed_blobs after delete on trash_blob referencing old table as removed for each statement execute function note_trashed_blobs();

-- A row of `blob` says that the bytes are there. Where they may be gone, whoever writes the row must look first.
create function guard_blobs() returns trigger language plpgsql as $$
declare
  doubtful text;
begin
  delete from stray using added where stray.digest = added.digest and stray.doomed_at is null;
  select stray.digest into doubtful from stray join added using (digest) limit 1 for update of stray;
  if found then raise exception 'the bytes may be gone' using errcode = 'BYTES', detail = doubtful; end if;
  return null;
end $$;
create trigger guard_blobs after insert on blob referencing new table as added for each statement execute function guard_blobs();

-- Whoever deletes the row of a blob leaves its bytes to the collection, in the same transaction.
create function doom_bytes() returns trigger language plpgsql as $$
begin
  insert into stray (digest, size, noted_at, doomed_at) select digest, size, 'epoch', clock_timestamp() from removed order by digest
  on conflict (digest) do update set size = excluded.size, doomed_at = excluded.doomed_at, gone_at = null;
  return null;
end $$;
create trigger doom_bytes after delete on blob referencing old table as removed for each statement execute function doom_bytes();

-- What was left behind before there were queues.
insert into unused_link (repository_id, blob_id) select repository_id, blob_id from repository_blob held
  where not exists (select from artifact_blob where artifact_blob.repository_id = held.repository_id and artifact_blob.blob_id = held.blob_id);
insert into blob_candidate (blob_id) select id from blob where not is_blob_held(id);
