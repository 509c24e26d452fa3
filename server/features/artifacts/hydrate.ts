import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { findImmutable, type Immutable } from '../immutability/index.ts'
import { listAccessoriesOf, listInheritedAccessoriesOf, listLabelsOf, listReferencesOf, listTagsOf, type AccessoryRow, type ArtifactRow, type LabelRow, type ReferenceRow, type TagRow } from './store.ts'

/** What the caller wants to see beside each artifact. */
export type Wanted = { with_tag?: boolean; with_label?: boolean; with_accessory?: boolean; with_inherited_accessory?: boolean; with_immutable_status?: boolean }

export type Hydrated = ArtifactRow & {
  tags: TagRow[] | undefined; labels: LabelRow[] | undefined; accessories: AccessoryRow[] | undefined; inherited: AccessoryRow[] | undefined; references: ReferenceRow[]
  isImmutable: Immutable | undefined
}

/** One query for each kind of thing beside the artifacts, all at once, however many artifacts there are. */
export async function hydrate(reader: Reader, project: Project, artifacts: ArtifactRow[], wanted: Wanted): Promise<Hydrated[]> {
  const { db } = reader
  const ids = artifacts.map(({ id }) => id)
  const indexes = artifacts.filter(({ kind }) => kind === 'index').map(({ id }) => id)
  const ask = async <Row>(isWanted: boolean | undefined, list: (db: Reader['db'], ids: number[]) => Promise<Row[]>, key: (row: Row) => number, of = ids) =>
    isWanted ? Map.groupBy(of.length > 0 ? await list(db, of) : [], key) : undefined
  const [tagsOf, labelsOf, accessoriesOf, inheritedOf, referencesOf, isImmutable] = await Promise.all([
    ask(wanted.with_tag ?? true, listTagsOf, (one) => one.artifactId),
    ask(wanted.with_label, listLabelsOf, (one) => one.artifactId),
    ask(wanted.with_accessory, listAccessoriesOf, (one) => one.belongsTo),
    ask(wanted.with_inherited_accessory, listInheritedAccessoriesOf, (one) => one.belongsTo),
    ask(true, listReferencesOf, (one) => one.parentId, indexes),
    wanted.with_immutable_status ? findImmutable(reader, project.id) : undefined,
  ])
  return artifacts.map((artifact) => ({
    ...artifact,
    tags: tagsOf && (tagsOf.get(artifact.id) ?? []),
    labels: labelsOf && (labelsOf.get(artifact.id) ?? []),
    accessories: accessoriesOf && (accessoriesOf.get(artifact.id) ?? []),
    inherited: inheritedOf && (inheritedOf.get(artifact.id) ?? []),
    references: referencesOf?.get(artifact.id) ?? [],
    isImmutable,
  }))
}
