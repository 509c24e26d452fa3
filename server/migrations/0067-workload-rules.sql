-- Trust rules: tokens of an issuer with these claims get rights for a short time. What they get is stored nowhere.
create table workload_rule (
  id bigint generated always as identity primary key,
  -- null: of the system
  project_id bigint references project on delete cascade,
  name text collate "C" not null check (length(name) between 1 and 64),
  description text not null default '',
  issuer text collate "C" not null,
  -- null: found by OpenID Connect Discovery
  jwks text,
  audience text not null,
  -- [{"claim": "sub", "equals": "..."}, {"claim": "ref", "matches": "refs/tags/*"}]
  claims jsonb not null,
  -- as the scope of a personal token; projects by their ids, or `*`
  scope jsonb not null,
  -- patterns of names without the project; empty: all
  repositories text[] not null default '{}',
  duration_seconds integer not null check (duration_seconds > 0),
  is_one_use boolean not null default false,
  is_disabled boolean not null default false,
  -- raised by each change: what an older version gave ends with it
  version integer not null default 1,
  -- who saved the rule last; it never gives more than this account may do
  maker_id bigint references account on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_used_at timestamptz,
  unique nulls not distinct (project_id, name)
);
create index workload_rule_issuer on workload_rule (issuer, id);
create index workload_rule_maker on workload_rule (maker_id) where maker_id is not null;

-- Tokens that rules with one use have taken, until they expire.
create table workload_token_used (
  -- SHA-256 of the rule's id and the token's jti
  digest bytea primary key,
  expires_at timestamptz not null
);
create index workload_token_used_end on workload_token_used (expires_at);
