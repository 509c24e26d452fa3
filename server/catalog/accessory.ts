import type { Digest } from '../../oci/digest.ts'
import type { Tag } from '../../oci/reference.ts'
import type { Tx } from '../platform/db/db.ts'
import { sql } from '../platform/db/sql.ts'
import { accessoryKey, imageFindingsKey } from './artifact.ts'

/** Harbor's names for the types of accessories. */
export type AccessoryType =
  | 'signature.cosign'
  | 'signature.notation'
  | 'sbom.harbor'
  | 'accelerator.nydus'
  | 'subject.accessory'

const typeOfEnding: Record<string, AccessoryType> = {
  sig: 'signature.cosign',
  att: 'subject.accessory',
  sbom: 'sbom.harbor',
}

/** Reads a tag of cosign's older form: `sha256-<hex>.sig` marks a signature of the artifact with that digest. */
export function accessoryOfTag(tag: Tag): { type: AccessoryType; subject: Digest } | undefined {
  const [, hex, ending] = /^sha256-([a-f0-9]{64})\.(sig|att|sbom)$/.exec(tag) ?? []
  return hex === undefined ? undefined : { type: typeOfEnding[ending!]!, subject: `sha256:${hex}` as Digest }
}

/** The tags by which cosign finds the row's accessory: they name its subject, and do not count as its own tags. */
const linkTags = sql`array(
  select replace(accessory.subject_digest, ':', '-') || ending from unnest(array['.sig', '.att', '.sbom']) as ending)`

/** Whether the row's accessory has a tag of its own, so that it stays when its subject is deleted. */
export const hasOwnTag = sql`exists (
  select from tag where tag.artifact_id = accessory.artifact_id and tag.name <> all(${linkTags}))`

/**
 * Makes an artifact that got a tag of cosign's form an accessory of the artifact that the tag names, unless its
 * manifest names a subject.
 */
export async function linkByTag(tx: Tx, repositoryId: number, artifactId: number, tag: Tag): Promise<void> {
  const accessory = accessoryOfTag(tag)
  if (!accessory) return
  tx.changes(accessoryKey(repositoryId, accessory.subject), imageFindingsKey(artifactId))
  await tx.run(sql`
    insert into accessory (artifact_id, repository_id, subject_digest, type)
    select id, repository_id, ${accessory.subject}, ${accessory.type} from artifact
    where id = ${artifactId} and repository_id = ${repositoryId} and subject_digest is null
    on conflict (artifact_id) do nothing`)
}

/**
 * Ends accessories that were ones only by a tag of cosign's form, once they have lost that tag, as by `cosign clean`:
 * these artifacts then stand by themselves.
 */
export async function unlinkByTags(
  tx: Tx,
  repositoryId: number,
  lost: { artifactId: number; name: Tag }[],
): Promise<void> {
  const ids = lost.filter(({ name }) => accessoryOfTag(name)).map(({ artifactId }) => artifactId)
  if (ids.length === 0) return
  const subjects = await tx.rows<{ digest: Digest }>(sql`
    delete from accessory using artifact
    where accessory.artifact_id = any(${ids}::bigint[]) and artifact.id = accessory.artifact_id
      and artifact.subject_digest is null and accessory.type <> 'accelerator.nydus'
      and not exists (select from tag where tag.artifact_id = artifact.id and tag.name = any(${linkTags}))
    returning accessory.subject_digest as digest`)
  tx.changes(
    ...ids.map((id) => imageFindingsKey(id)),
    ...subjects.map(({ digest }) => accessoryKey(repositoryId, digest)),
  )
}
