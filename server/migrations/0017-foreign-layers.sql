-- A manifest holds the foreign layers that its repository has. This adds the holds of manifests pushed before that was so.
-- A manifest that PostgreSQL cannot read (a NUL in a text) is passed over: pushed again, it holds its layers as well.
do $$
declare
  one record;
begin
  for one in
    select artifact.id, artifact.repository_id, manifest.content from artifact join manifest on manifest.artifact_id = artifact.id
    where artifact.kind = 'image' and position('"urls"'::bytea in manifest.content) > 0
  loop
    begin
      with added as (
        insert into artifact_blob (artifact_id, repository_id, blob_id)
        select distinct one.id, one.repository_id, blob.id
        from json_array_elements(convert_from(one.content, 'UTF8')::json -> 'layers') layer
        join blob on blob.digest = layer ->> 'digest'
        join repository_blob held on held.blob_id = blob.id and held.repository_id = one.repository_id
        on conflict do nothing returning blob_id)
      update artifact set size = size + (select sum(blob.size) from added join blob on blob.id = added.blob_id)
      where id = one.id and exists (select from added);
    exception when data_exception then null;
    end;
  end loop;
end $$;
