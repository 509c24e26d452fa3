-- Blobs of a moment are recorded by one statement. Their notes are removed in the order of their digests, in which they are
-- written too: otherwise two processes that store the same blobs could deadlock.
create or replace function guard_blobs() returns trigger language plpgsql as $$
declare
  doubtful text;
begin
  delete from stray where digest in (
    select stray.digest from stray join added using (digest) where stray.doomed_at is null order by stray.digest for update of stray);
  select stray.digest into doubtful from stray join added using (digest) limit 1 for update of stray;
  if found then raise exception 'the bytes may be gone' using errcode = 'BYTES', detail = doubtful; end if;
  return null;
end $$;
