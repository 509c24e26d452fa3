-- Rules by which only some roles and robots may create, move or delete tags (server/features/tag-protection).
create table tag_protection (
  id bigint generated always as identity primary key,
  project_id bigint not null references project on delete cascade,
  name text not null check (length(name) between 1 and 64),
  -- doublestar patterns, over names of repositories without the project and over tags
  repositories text not null check (length(repositories) between 1 and 1024),
  tags text not null check (length(tags) between 1 and 1024),
  -- ["push", "overwrite", "delete"]: what is kept to the roles and robots of the rule
  actions jsonb not null,
  is_disabled boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (project_id, name)
);
create table tag_protection_role (
  rule_id bigint not null references tag_protection on delete cascade,
  role_id bigint not null references role,
  primary key (rule_id, role_id)
);
create index tag_protection_role_role on tag_protection_role (role_id);
create table tag_protection_robot (
  rule_id bigint not null references tag_protection on delete cascade,
  robot_id bigint not null references robot on delete cascade,
  primary key (rule_id, robot_id)
);
create index tag_protection_robot_robot on tag_protection_robot (robot_id);
