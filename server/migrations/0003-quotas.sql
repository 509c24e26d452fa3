-- Quotas keep themselves: whatever adds or removes a blob or a manifest, in whatever way, the statement that does it settles the
-- project's account in the same transaction, or is refused (docs/decisions/0008-quotas.md).
-- hard_storage -1 is no limit: such a project's `used_storage` is not kept, and its pushes write and lock no row of `quota`.

-- What a limited project's usage is made of: each blob once however many repositories hold it, and each manifest.
create table quota_charge (
  project_id bigint not null references project on delete cascade,
  kind text not null check (kind in ('blob', 'manifest')),
  object_id bigint not null,
  size bigint not null,
  primary key (project_id, kind, object_id)
);

insert into quota (project_id) select id from project on conflict do nothing;

-- Shared by everything that changes what a project holds, exclusive to who changes its limit: a recount sees all or waits. A
-- lock in memory, no row. Any number may be the class; this one is 'quot' in ASCII.
create function lock_usage(wanted bigint) returns void language sql as $$ select pg_advisory_xact_lock_shared(1903521652, wanted::int) $$;

create function charge(wanted bigint, of_kind text, ids bigint[], sizes bigint[]) returns void language plpgsql as $$
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
    raise exception 'no room left' using errcode = 'QUOTA', detail = json_build_object('added', added, 'used', account.used_storage, 'hard', account.hard_storage)::text;
  end if;
  update quota set used_storage = used_storage + added where id = account.id;
end $$;

create function discharge(wanted bigint, of_kind text, ids bigint[]) returns void language plpgsql as $$
declare
  account quota;
  freed bigint;
begin
  perform lock_usage(wanted);
  select * into account from quota where project_id = wanted and hard_storage <> -1 for update;
  if not found then return; end if;
  with gone as (
    delete from quota_charge where project_id = wanted and kind = of_kind and object_id = any(ids)
      and (of_kind = 'manifest' or not exists (
        select from repository_blob held join repository on repository.id = held.repository_id
        where held.blob_id = quota_charge.object_id and repository.project_id = wanted))
    returning size)
  select coalesce(sum(size), 0) into freed from gone;
  update quota set used_storage = used_storage - freed where id = account.id and freed > 0;
end $$;

-- Once per statement, not per row. Projects in the order of their ids, so that two statements cannot deadlock.
create function charge_blobs() returns trigger language plpgsql as $$
begin
  perform charge(project_id, 'blob', ids, sizes) from (
    select project_id, array_agg(blob.id) as ids, array_agg(blob.size) as sizes
    from added join repository on repository.id = added.repository_id join blob on blob.id = added.blob_id group by 1 order by 1) each;
  return null;
end $$;
create trigger charge_blobs after insert on repository_blob referencing new table as added for each statement execute function charge_blobs();

create function discharge_blobs() returns trigger language plpgsql as $$
begin
  perform discharge(project_id, 'blob', ids) from (
    select project_id, array_agg(blob_id) as ids from removed join repository on repository.id = removed.repository_id group by 1 order by 1) each;
  return null;
end $$;
create trigger discharge_blobs after delete on repository_blob referencing old table as removed for each statement execute function discharge_blobs();

create function charge_manifests() returns trigger language plpgsql as $$
begin
  perform charge(project_id, 'manifest', ids, sizes) from (
    select project_id, array_agg(artifact.id) as ids, array_agg(octet_length(added.content)::bigint) as sizes
    from added join artifact on artifact.id = added.artifact_id join repository on repository.id = artifact.repository_id group by 1 order by 1) each;
  return null;
end $$;
create trigger charge_manifests after insert on manifest referencing new table as added for each statement execute function charge_manifests();

create function discharge_manifests() returns trigger language plpgsql as $$
begin
  perform discharge(project_id, 'manifest', ids) from (
    select project_id, array_agg(removed.id) as ids from removed join repository on repository.id = removed.repository_id group by 1 order by 1) each;
  return null;
end $$;
create trigger discharge_manifests after delete on artifact referencing old table as removed for each statement execute function discharge_manifests();
