-- The bytes of small blobs whose files are not synced yet (docs/decisions/0039-small-blobs.md). They become durable with the commit
-- that records the blob; a background round syncs the files and deletes the rows.
create sequence blob_unsynced_revision;
create table blob_unsynced (
  blob_id bigint primary key references blob on delete cascade,
  bytes bytea not null,
  -- Changes with each push of these bytes: a round deletes only the row that it saw before it synced the file.
  revision bigint not null default nextval('blob_unsynced_revision'),
  made_at timestamptz not null default clock_timestamp(),
  -- A sync of the file has failed. Linux reports that once: a later sync would succeed and say nothing of what is lost.
  is_suspect boolean not null default false
);
alter sequence blob_unsynced_revision owned by blob_unsynced.revision;
-- Layers are compressed already.
alter table blob_unsynced alter column bytes set storage external;
create index blob_unsynced_revisions on blob_unsynced (revision);
