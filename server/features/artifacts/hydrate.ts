import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { findImmutable, type Immutable } from '../immutability/index.ts'
import { findLabels, type Label } from '../labels/index.ts'
import type { Artifacts } from './objects.ts'
import { listInheritedAccessoriesOf, type AccessoryRow, type ArtifactObject, type ArtifactRow, type ReferenceRow, type TagRow } from './store.ts'

/** What the caller wants to see beside each artifact. */
export type Wanted = { with_tag?: boolean; with_label?: boolean; with_accessory?: boolean; with_inherited_accessory?: boolean; with_immutable_status?: boolean }

export type Hydrated = ArtifactRow & {
  tags: TagRow[] | undefined; labels: Label[] | undefined; accessories: AccessoryRow[] | undefined; inherited: AccessoryRow[] | undefined; references: ReferenceRow[]
  isImmutable: Immutable | undefined
}

/** What is wanted beside the artifacts, all at once, however many there are: from the cache, the missing by one query for each kind. */
export async function hydrate(reader: Reader, source: Artifacts, project: Project, artifacts: ArtifactObject[], wanted: Wanted): Promise<Hydrated[]> {
  const { with_tag: withTags = true } = wanted
  const [labels, heldBy, inherited, isImmutable] = await Promise.all([
    wanted.with_label ? findLabels(reader, artifacts.flatMap(({ labelIds }) => labelIds)) : undefined,
    wanted.with_accessory ? source.listHeld(artifacts) : undefined,
    wanted.with_inherited_accessory ? listInheritedAccessoriesOf(reader.db, artifacts.map(({ id }) => id)) : undefined,
    wanted.with_immutable_status ? findImmutable(reader, project.id) : undefined,
  ])
  const inheritedBy = inherited && Map.groupBy(inherited, ({ belongsTo }) => belongsTo)
  return artifacts.map((artifact) => ({
    ...artifact,
    tags: withTags ? artifact.tags : undefined,
    // A label that was deleted since is no longer on anything.
    labels: labels && artifact.labelIds.flatMap((id) => labels.get(id) ?? []),
    accessories: heldBy?.get(artifact.id)!.map((held) => ({ ...held, subjectId: artifact.id, subjectDigest: artifact.digest, subjectRepository: artifact.repositoryName })),
    inherited: inheritedBy && (inheritedBy.get(artifact.id) ?? []),
    isImmutable,
  }))
}
