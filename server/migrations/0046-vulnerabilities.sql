-- Vulnerabilities of images: who looked when, what was found, and the one row that lists and the pull gate read.

-- Marina's own matcher is one row among the scanners. It is there once a database of vulnerabilities was imported.
alter table scanner add column is_own boolean not null default false;
create unique index scanner_own on scanner (is_own) where is_own;

-- One for each image and scanner. The upper half is the newest look, the lower half the last one that was finished,
-- which stays valid until the next one is.
create table vulnerability_report (
  id bigint generated always as identity primary key,
  artifact_id bigint not null references artifact on delete cascade,
  scanner_id uuid not null references scanner on delete cascade,
  -- names the newest look in the API
  report_id uuid not null default gen_random_uuid(),
  -- may be gone already, as tasks are kept for a while only
  task_id bigint,
  -- that task has finished its report
  is_made boolean not null default false,

  started_at timestamptz,
  -- null: none was ever finished
  ended_at timestamptz,
  mime_type text not null default '',
  -- name, vendor, version
  scanner jsonb not null default '{}',
  -- 'ok', or why the own matcher says nothing of the whole image or of its system packages: see reports/finding.ts
  state text not null default 'ok',
  -- of the own matcher's database
  generation bigint,
  -- the worst one: 0 none, 1 unknown, 2 negligible, 3 low, 4 medium, 5 high, 6 critical
  severity smallint not null default 0,
  total integer not null default 0,
  fixable integer not null default 0,
  -- how many of each severity, from 0 to 6
  counts integer[] not null default '{0,0,0,0,0,0,0}',
  unique (artifact_id, scanner_id)
);
create index vulnerability_report_scanner on vulnerability_report (scanner_id, severity);

-- One vulnerability of one version of a package, said once however many images have it.
create table finding (
  id bigint generated always as identity primary key,
  -- SHA-256 of all that follows
  hash bytea not null unique,
  cve_id text not null,
  package text not null,
  version text not null,
  -- '': there is none yet
  fixed_version text not null default '',
  severity smallint not null,
  status text not null default '',
  cvss_v3 real,
  -- what else a report says of it: description, links, cwe_ids, preferred_cvss, vendor_attributes
  details jsonb not null default '{}'
);
create index finding_cve on finding (cve_id);
create index finding_package on finding (package, version);

create table report_finding (
  report_id bigint not null references vulnerability_report on delete cascade,
  finding_id bigint not null references finding on delete cascade,
  primary key (report_id, finding_id)
);
create index report_finding_finding on report_finding (finding_id);
