-- Software bills of materials (SBOMs): what layers hold, and the SBOMs of images.

-- What one layer holds, read once for all images that have it. Goes with the bytes of the layer.
create table layer_inventory (
  blob_id bigint primary key references blob on delete cascade,
  -- of the catalogers that read it: what others have read is read again
  version integer not null,
  -- JSON, compressed by zstd
  content bytea not null,
  -- hashes of all its paths, 8 bytes each; null for a layer that was read as the lowest of an image, which covers nothing
  paths bytea,
  read_at timestamptz not null default clock_timestamp()
);
alter table layer_inventory alter content set storage external, alter paths set storage external;

-- The SBOM of an image: the newest task that makes one, and what the last one made.
create table sbom_report (
  artifact_id bigint primary key references artifact on delete cascade,
  -- names the report in the API
  report_id uuid not null default gen_random_uuid(),
  -- may be gone already, as tasks are kept for a while only
  task_id bigint,
  -- that task has made its SBOM
  is_made boolean not null default false,
  -- the SBOM as an accessory of the image; it stays until the next one is made
  sbom_id bigint references artifact on delete set null,
  scanner jsonb not null default '{}',
  started_at timestamptz,
  ended_at timestamptz
);
create index sbom_report_sbom on sbom_report (sbom_id);
