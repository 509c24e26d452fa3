-- Groups, members by account or group, robots, and what a project is configured with.

create unique index account_email on account (lower(email)) where email is not null;

create table user_group (
  id bigint generated always as identity primary key,
  name text not null check (length(name) between 1 and 255),
  -- Harbor's numbers: 1 LDAP, 2 HTTP, 3 OIDC
  type smallint not null check (type between 1 and 3),
  ldap_dn text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (type, name, ldap_dn)
);

-- Set whole at each login through the source of the groups: a group that is gone there is gone here (Z02).
create table account_group (
  account_id bigint not null references account on delete cascade,
  group_id bigint not null references user_group on delete cascade,
  primary key (account_id, group_id)
);
create index account_group_group on account_group (group_id);

drop table project_member;
create table project_member (
  id bigint generated always as identity primary key,
  project_id bigint not null references project on delete cascade,
  account_id bigint references account on delete cascade,
  group_id bigint references user_group on delete cascade,
  role smallint not null check (role between 1 and 5),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (num_nonnulls(account_id, group_id) = 1),
  unique (project_id, account_id),
  unique (project_id, group_id)
);
create index project_member_account on project_member (account_id) where account_id is not null;
create index project_member_group on project_member (group_id) where group_id is not null;

-- Everything Harbor calls metadata except public, which stands in the project's own row.
create table project_metadata (
  project_id bigint not null references project on delete cascade,
  name text collate "C" not null check (length(name) between 1 and 255),
  value text not null check (length(value) <= 4096),
  primary key (project_id, name)
);

create table robot (
  id bigint generated always as identity primary key,
  -- without prefix and project; the login name is made of prefix, project and this
  name text collate "C" not null check (length(name) between 1 and 255),
  -- null for a system robot
  project_id bigint references project on delete cascade,
  description text not null default '',
  secret_hash text not null,
  -- -1: never expires
  duration_days integer not null check (duration_days = -1 or duration_days > 0),
  expires_at timestamptz,
  is_disabled boolean not null default false,
  creator_type text not null default 'local',
  creator_id bigint not null default 0,
  last_used_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique nulls not distinct (project_id, name)
);

-- namespace: a project's name, `*` for all projects, `/` for the system.
create table robot_permission (
  robot_id bigint not null references robot on delete cascade,
  kind text not null check (kind in ('system', 'project')),
  namespace text collate "C" not null,
  resource text not null,
  action text not null,
  primary key (robot_id, kind, namespace, resource, action)
);

create table label (
  id bigint generated always as identity primary key,
  name text not null check (length(name) between 1 and 128),
  description text not null default '',
  color text not null default '',
  -- null for a global label
  project_id bigint references project on delete cascade,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique nulls not distinct (project_id, name)
);

create table artifact_label (
  artifact_id bigint not null references artifact on delete cascade,
  label_id bigint not null references label on delete cascade,
  created_at timestamptz not null default now(),
  primary key (artifact_id, label_id)
);
create index artifact_label_label on artifact_label (label_id);

-- One row per project. `used` is kept only together with a limit.
create table quota (
  id bigint generated always as identity primary key,
  project_id bigint not null unique references project on delete cascade,
  -- bytes; -1: none
  hard_storage bigint not null default -1 check (hard_storage = -1 or hard_storage > 0),
  used_storage bigint not null default 0 check (used_storage >= 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table immutable_rule (
  id bigint generated always as identity primary key,
  project_id bigint not null references project on delete cascade,
  priority integer not null default 0,
  is_disabled boolean not null default false,
  tag_selectors jsonb not null,
  scope_selectors jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index immutable_rule_project on immutable_rule (project_id, priority, id);

-- Settings an administrator changes while Marina runs; secrets are sealed. Absent: the default.
create table configuration (
  name text collate "C" primary key,
  value text not null,
  updated_at timestamptz not null default now()
);

-- Sessions of the portal, known by the hash of their id alone. They end an hour after the login, used or not.
create table session (
  id_hash text collate "C" primary key,
  account_id bigint not null references account on delete cascade,
  created_at timestamptz not null default now()
);
create index session_created on session (created_at);
create index session_account on session (account_id);

-- project_id null: the system's own list.
create table cve_allowlist (
  id bigint generated always as identity primary key,
  project_id bigint unique nulls not distinct references project on delete cascade,
  -- seconds since 1970; null: never
  expires_at bigint,
  items jsonb not null default '[]',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

alter table repository add column description text not null default '';
alter table artifact add column icon_digest text;
-- What the processor of its type read from the config: author, os, architecture, chart metadata, ...
alter table artifact add column extra_attrs jsonb not null default '{}';
-- image, index, chart, cnab, model, wasm, sbom, ... in Harbor's upper-case words
alter table artifact add column type text not null default 'UNKNOWN';
alter table artifact add column config_media_type text;
-- The page of a list: newest first within a repository.
create index artifact_newest on artifact (repository_id, pushed_at desc, id desc);
create index artifact_icon on artifact (icon_digest) where icon_digest is not null;
-- Platform and annotations that an index gives to a child.
alter table artifact_child add column platform jsonb;
alter table artifact_child add column annotations jsonb;
alter table artifact_child add column position integer not null default 0;
-- A signature or SBOM and what it belongs to; the subject may come later, so it is known by its digest.
create table accessory (
  id bigint generated always as identity primary key,
  artifact_id bigint not null unique references artifact on delete cascade,
  repository_id bigint not null references repository on delete cascade,
  subject_digest text collate "C" not null,
  type text not null,
  created_at timestamptz not null default now()
);
create index accessory_subject on accessory (repository_id, subject_digest);
