-- Signatures: whose are trusted, and what was found out about those of each artifact.

-- A trusted root of a Sigstore (trusted_root.json), imported by an administrator: certificate authorities and logs.
create table trust_root (
  name text collate "C" primary key check (length(name) between 1 and 64),
  content jsonb not null,
  updated_at timestamptz not null default now()
);

-- Whose signatures a project trusts.
create table signer (
  id bigint generated always as identity primary key,
  project_id bigint not null references project on delete cascade,
  name text collate "C" not null check (length(name) between 1 and 64),
  -- see features/signatures/signers/signer.ts
  content jsonb not null,
  -- the trusted root that a keyless signer needs
  trust_root text collate "C" references trust_root on delete restrict,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (project_id, name)
);
create index signer_trust_root on signer (trust_root) where trust_root is not null;

-- What a signature was found to be, against the signers that the project had then.
create table signature_check (
  -- the artifact that holds the signature
  artifact_id bigint primary key references artifact on delete cascade,
  subject_digest text collate "C" not null,
  -- hash of the signers, and of the version of the checks
  trust bytea not null,
  -- one element for each signature in it: see features/signatures/check/check.ts
  checks jsonb not null,
  checked_at timestamptz not null default clock_timestamp()
);
