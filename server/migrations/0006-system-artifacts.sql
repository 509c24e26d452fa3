-- Data that one part of Marina leaves for another for a while, such as a report on its way to who asked for it. The bytes lie among
-- all other blobs. What holds them is the foreign key to `blob`: whoever collects garbage counts a blob with a row here as
-- held, and could not delete it anyway. No repository, artifact or project knows of it, so no list of theirs shows it.
create table system_repository (
  -- one name, one vendor
  name text collate "C" primary key,
  vendor text collate "C" not null,
  unique (name, vendor)
);

create table system_artifact (
  id bigint generated always as identity primary key,
  repository text collate "C" not null,
  digest text collate "C" not null,
  size bigint not null check (size >= 0),
  vendor text collate "C" not null,
  type text collate "C" not null,
  create_time timestamptz not null default now(),
  extra_attrs jsonb not null default '{}',
  blob_id bigint not null references blob on delete restrict,
  -- the storage's own version of the bytes when they were written: others have not written them since
  version text not null,
  unique (repository, digest),
  foreign key (repository, vendor) references system_repository (name, vendor) on delete restrict
);
create index system_artifact_blob on system_artifact (blob_id);
create index system_artifact_age on system_artifact (create_time);
