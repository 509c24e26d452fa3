-- Accounts that another system vouches for: a directory, an OpenID provider, an authenticating proxy, UAA.
-- Such an account has no password of its own.
create table account_origin (
  account_id bigint primary key references account on delete cascade,
  provider text collate "C" not null check (provider in ('ldap', 'oidc', 'http', 'uaa')),
  -- with the subject it names the person at the provider: OpenID's iss and sub; a directory's URL and DN
  issuer text collate "C" not null,
  subject text collate "C" not null,
  -- sealed: what the provider needs to be asked again, such as a refresh token; null: nothing
  secret text,
  -- the provider makes the account an administrator
  is_admin boolean not null default false,
  -- when the provider last said that the person is there
  confirmed_at timestamptz not null default now(),
  -- when it said that the person is gone; null: it has not
  gone_at timestamptz,
  created_at timestamptz not null default now(),
  unique (provider, issuer, subject)
);
create index account_origin_gone on account_origin (gone_at) where gone_at is not null;
-- A directory's groups are found by their DN, in which case does not matter (RFC 4518).
create index user_group_dn on user_group (lower(ldap_dn)) where type = 1;
