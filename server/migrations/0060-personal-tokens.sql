-- Personal access tokens: secrets by which a program acts for a person, within a scope and until a time.
create table personal_token (
  id bigint generated always as identity primary key,
  account_id bigint not null references account on delete cascade,
  name text not null check (length(name) between 1 and 64),
  -- SHA-256 of the secret, which has 256 random bits
  secret_hash bytea not null unique,
  -- null: all that the account may do; else {"system": ["project:list"], "projects": {"12": ["repository:pull"], "*": []}}
  scope jsonb,
  -- null: never
  expires_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz not null default now(),
  unique (account_id, name)
);
create index personal_token_end on personal_token (expires_at) where expires_at is not null;
