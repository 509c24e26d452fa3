-- What a quota refuses says where that was, so that whoever hears of the refusal can tell it, whichever statement it was.
drop function charge(bigint, text, bigint[], bigint[]);

create function charge(wanted bigint, of_kind text, ids bigint[], sizes bigint[], place text) returns void language plpgsql as $$
declare
  account quota;
  added bigint;
begin
  perform lock_usage(wanted);
  -- A statement of its own: it sees a limit that was set while the lock was waited for.
  select * into account from quota where project_id = wanted and hard_storage <> -1 for update;
  if not found then return; end if;
  with made as (
    insert into quota_charge (project_id, kind, object_id, size)
    select wanted, of_kind, id, size from unnest(ids, sizes) as one (id, size) on conflict do nothing returning size)
  select coalesce(sum(size), 0) into added from made;
  if added = 0 then return; end if;
  if account.used_storage + added > account.hard_storage and not exists (select from configuration where name = 'quota_per_project_enable' and value = 'false') then
    raise exception 'no room left' using errcode = 'QUOTA',
      detail = json_build_object('added', added, 'used', account.used_storage, 'hard', account.hard_storage, 'projectId', wanted, 'repository', place)::text;
  end if;
  update quota set used_storage = used_storage + added where id = account.id;
end $$;

-- A statement fills one repository, as a rule; of several, one is named.
create or replace function charge_blobs() returns trigger language plpgsql as $$
begin
  perform charge(project_id, 'blob', ids, sizes, place) from (
    select project_id, array_agg(blob.id) as ids, array_agg(blob.size) as sizes, min(repository.name) as place
    from added join repository on repository.id = added.repository_id join blob on blob.id = added.blob_id group by 1 order by 1) each;
  return null;
end $$;

create or replace function charge_manifests() returns trigger language plpgsql as $$
begin
  perform charge(project_id, 'manifest', ids, sizes, place) from (
    select project_id, array_agg(artifact.id) as ids, array_agg(octet_length(added.content)::bigint) as sizes, min(repository.name) as place
    from added join artifact on artifact.id = added.artifact_id join repository on repository.id = artifact.repository_id group by 1 order by 1) each;
  return null;
end $$;
