-- What belonged to another artifact by a tag of cosign's older form alone, and has lost that tag, stands by itself
-- (cosign clean); an SBOM attached by its tag is shown as one.
delete from accessory using artifact
where artifact.id = accessory.artifact_id and artifact.subject_digest is null and accessory.type <> 'accelerator.nydus'
  and not exists (
    select from tag where tag.artifact_id = artifact.id and tag.name = any(array(
      select replace(accessory.subject_digest, ':', '-') || ending from unnest(array['.sig', '.att', '.sbom']) as ending)));

update accessory set type = 'sbom.harbor' from artifact
where artifact.id = accessory.artifact_id and artifact.subject_digest is null and accessory.type = 'subject.accessory'
  and exists (
    select from tag
    where tag.artifact_id = artifact.id and tag.name = replace(accessory.subject_digest, ':', '-') || '.sbom');
