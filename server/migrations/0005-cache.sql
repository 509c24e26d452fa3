-- Who knows the stamps of changes, and of which generation (docs/decisions/0009-redis.md).
alter table replica add column generation uuid;

-- What processes answer to each other's questions. Nothing is lost with it: who gets no answer asks again.
create unlogged table replica_answer (
  question uuid not null,
  replica uuid not null,
  body bytea not null,
  written_at timestamptz not null default now(),
  primary key (question, replica)
);
