import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { findImmutable } from '../immutability/index.ts'
import { findLabels, presentLabel } from '../labels/index.ts'
import type { Artifacts } from './objects.ts'
import { listInheritedAccessoriesOf, type ArtifactObject } from './store.ts'
import { presentAccessory, presentTag, type Beside } from './wire.ts'

/** The query parameters by which a caller asks for columns. */
export type Wanted = {
  with_tag?: boolean
  with_label?: boolean
  with_accessory?: boolean
  with_inherited_accessory?: boolean
  with_immutable_status?: boolean
  with_scan_overview?: boolean
  with_sbom_overview?: boolean
  /** The header X-Accept-Vulnerabilities: the types of reports that `with_scan_overview` may show. */
  accepted_vulnerabilities?: string
}

/** The artifacts that one answer shows. */
export type Page = { reader: Reader; source: Artifacts; project: Project; artifacts: ArtifactObject[]; wanted: Wanted }

/** A field of the artifacts of a list that a query parameter asks for. Other features lend theirs. */
export type Column = { [Field in keyof Beside]-?: ColumnOf<Field> }[keyof Beside]

type ColumnOf<Field extends keyof Beside> = {
  /** The query parameter that asks for it. */
  flag: Exclude<keyof Wanted, 'accepted_vulnerabilities'>
  /** Shown without the parameter too. */
  isDefault?: true
  /** The field's name in the artifact's JSON. */
  field: Field
  /**
   * Loads the field's values by the artifacts' ids: for the whole page at once, from the cache or by one query. An
   * artifact that the map lacks is shown without the field.
   */
  load(page: Page): Promise<Map<number, NonNullable<Beside[Field]>>>
}

const tags: Column = {
  flag: 'with_tag',
  isDefault: true,
  field: 'tags',
  async load({ reader, project, artifacts, wanted }) {
    const isImmutable = wanted.with_immutable_status ? await findImmutable(reader, project.id) : undefined
    return byId(artifacts, (one) => one.tags.map((tag) => presentTag(tag, project, one.repositoryName, isImmutable)))
  },
}

const labels: Column = {
  flag: 'with_label',
  field: 'labels',
  async load({ reader, artifacts }) {
    const known = await findLabels(
      reader,
      artifacts.flatMap(({ labelIds }) => labelIds),
    )
    // A label that was deleted meanwhile is not found, and not shown.
    return byId(artifacts, ({ labelIds }) => labelIds.flatMap((id) => known.get(id) ?? []).map(presentLabel))
  },
}

const accessories: Column = {
  flag: 'with_accessory',
  field: 'accessories',
  async load({ source, artifacts }) {
    const held = await source.listHeld(artifacts)
    return byId(artifacts, ({ id, digest, repositoryName }) => {
      const subject = { subjectId: id, subjectDigest: digest, subjectRepository: repositoryName }
      return held.get(id)!.map((one) => presentAccessory({ ...one, ...subject }))
    })
  },
}

const inherited: Column = {
  flag: 'with_inherited_accessory',
  field: 'inherited_accessories',
  async load({ reader, artifacts }) {
    const rows = await listInheritedAccessoriesOf(
      reader.db,
      artifacts.map(({ id }) => id),
    )
    const held = Map.groupBy(rows, ({ belongsTo }) => belongsTo)
    return byId(artifacts, ({ id }) => (held.get(id) ?? []).map(presentAccessory))
  },
}

function byId<Shown>(artifacts: ArtifactObject[], show: (artifact: ArtifactObject) => Shown): Map<number, Shown> {
  return new Map(artifacts.map((one) => [one.id, show(one)]))
}

/** In the order of the answer; the columns of other features follow. */
export const columns: readonly Column[] = [tags, labels, accessories, inherited]
