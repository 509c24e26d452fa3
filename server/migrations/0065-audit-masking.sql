-- Names of deleted accounts that are still to be masked in the audit log. A row goes with the end of its job, so that nothing
-- keeps the name.
create table audit_masking (
  id bigint generated always as identity primary key,
  username text not null,
  asked_at timestamptz not null default now()
);
