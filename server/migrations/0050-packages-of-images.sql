-- Packages of images, as rows: for the matcher, and to find the images that have a package.

-- An image whose layers were read.
create table image_inventory (
  artifact_id bigint primary key references artifact on delete cascade,
  -- of the catalogers that read it
  version integer not null,
  -- os-release of the image; '' when there is none
  os_name text not null,
  os_version text not null,
  -- as OSV names the distribution; '' for one that has no records there
  ecosystem text not null,
  made_at timestamptz not null default clock_timestamp()
);

-- A version of a package, said once however many images have it.
create table package (
  id bigint generated always as identity primary key,
  -- SHA-256 of what follows, to matches
  hash bytea not null unique,
  -- of the package URL: deb, npm, ...
  type text collate "C" not null,
  name text collate "C" not null,
  version text not null,
  purl text collate "C" not null,
  -- what is looked up in the database: for Debian the source package
  ecosystem text collate "C" not null,
  wanted_name text collate "C" not null,
  wanted_version text not null,
  -- what the generation has of it: findings, and those that a statement takes away, with the reason
  matches jsonb not null default '[]',
  -- the names in it, without those that are taken away
  cves text[] not null default '{}',
  matched_generation bigint,
  -- the generation at which they were others than before
  changed_generation bigint
);
create index package_name on package (lower(name));
-- the last part: log4j-core of org.apache.logging.log4j:log4j-core
create index package_last_name on package (lower(substring(name from '[^/:]*$')));
create index package_purl on package (purl);
create index package_cves on package using gin (cves);

create table image_package (
  artifact_id bigint not null references image_inventory on delete cascade,
  package_id bigint not null references package,
  primary key (artifact_id, package_id)
);
create index image_package_package on image_package (package_id);
