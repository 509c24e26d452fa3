-- What differs between two databases of vulnerabilities, so that only packages that it is about are matched again.

-- What a record says of the package, with all that matching reads; null: imported before there was this column.
alter table advisory_package add column hash bytea;

-- The generation whose differences to this one are in advisory_change; null: they are not known.
alter table vulndb_generation add column compared_with bigint;

-- Names of packages of which the records of a generation say something else than those of the one before.
create table advisory_change (
  generation_id bigint not null,
  ecosystem text collate "C" not null,
  name text collate "C" not null,
  primary key (generation_id, ecosystem, name)
);
