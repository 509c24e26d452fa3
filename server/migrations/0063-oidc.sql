-- Sign-in through an OpenID Connect provider.

-- Sessions that a sign-in at the provider opened: what a logout, from either side, needs to know.
create table oidc_session (
  id_hash text collate "C" primary key references session on delete cascade,
  account_id bigint not null references account on delete cascade,
  issuer text collate "C" not null,
  -- the provider's own session; null: it names none
  sid text collate "C",
  -- sealed ID token, which a logout at the provider hands back; null: it was too long
  id_token text
);
create index oidc_session_sid on oidc_session (issuer, sid) where sid is not null;
create index oidc_session_account on oidc_session (account_id);

-- What may be used once: the state of a sign-in, the id of a logout token; as SHA-256.
create table oidc_used (
  mark bytea primary key,
  expires_at timestamptz not null
);
create index oidc_used_end on oidc_used (expires_at);

-- People whom the provider vouched for, and who have yet to choose a name here.
create table oidc_onboarding (
  -- SHA-256 of the id in the browser's cookie
  id_hash bytea primary key,
  -- sealed: what the provider said
  said text not null,
  expires_at timestamptz not null
);
create index oidc_onboarding_end on oidc_onboarding (expires_at);

-- The claims that came last for each person, for administrators. They end with the account.
create table oidc_claims (
  issuer text collate "C" not null,
  subject text collate "C" not null,
  -- null: the person has no account; such rows are removed after a day
  account_id bigint unique references account on delete cascade,
  occasion text not null check (occasion in ('login', 'refresh')),
  received_at timestamptz not null default now(),
  claims jsonb not null,
  -- what was read from them: {"username", "email", "groups", "isAdmin", "used", "notes"}
  read jsonb not null,
  primary key (issuer, subject)
);
create index oidc_claims_received on oidc_claims (received_at desc);

-- The process that is asking the provider about an account has a lease: a refresh token may be good for one use.
create unlogged table oidc_asking (
  account_id bigint primary key references account on delete cascade,
  until timestamptz not null
);

-- The CLI secret of an account is a personal token that only /v2 and /service/token take.
alter table personal_token
  alter column secret_hash drop not null,
  add column is_cli boolean not null default false,
  -- argon2id of a CLI secret that a person chose; such a secret can be guessed, so its checks are throttled
  add column chosen_hash text,
  add check ((secret_hash is null) <> (chosen_hash is null)),
  add check (chosen_hash is null or is_cli);
create unique index personal_token_cli on personal_token (account_id) where is_cli;
