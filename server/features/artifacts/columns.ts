import type { TSchema } from 'typebox'
import * as api from '../../../api/artifacts.ts'
import type { Digest } from '../../../oci/digest.ts'
import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { serializedOnUse } from '../../platform/http/schemas.ts'
import { findLabels, presentLabel } from '../labels/index.ts'
import type { Artifacts } from './objects.ts'
import { listInheritedAccessoriesOf } from './store.ts'
import { digestOf, type KeptArtifact } from './text/kept.ts'
import { presentAccessory } from './wire.ts'

/** The query parameters by which a caller asks for fields. */
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
export type Page = { reader: Reader; source: Artifacts; project: Project; artifacts: KeptArtifact[]; wanted: Wanted }

/** Fields that an artifact has when a query parameter asks for them, beside `tags`: in the order of the answer. */
export const fields = ['labels', 'scan_overview', 'sbom_overview', 'accessories', 'inherited_accessories'] as const
type Field = (typeof fields)[number]

/** What a column knows of the artifacts of a page. */
export type Loaded = {
  /** The field's JSON text; an artifact is shown without the field where it is undefined. */
  textOf(artifact: KeptArtifact): string | undefined
  /** The SBOM to which the answer has a link. */
  sbomOf?(artifact: KeptArtifact): Digest | undefined
}

/** A field of the artifacts of a list that a query parameter asks for. Other features lend theirs. */
export type Column = {
  /** The query parameter that asks for it. */
  flag: Exclude<keyof Wanted, 'accepted_vulnerabilities' | 'with_tag' | 'with_immutable_status'>
  /** The field's name in the artifact's JSON. */
  field: Field
  /** Loads the field's values for the whole page at once, from the cache or by one query. */
  load(page: Page): Promise<Loaded>
}

/** Writes the values of a field, of which many artifacts have none. */
function writerOf(field: Field): (values: readonly unknown[]) => string {
  const schema: TSchema = api.Artifact.properties[field]
  const shape = serializedOnUse(schema)
  return (values) => (values.length === 0 ? '[]' : shape(values))
}

const writeLabels = writerOf('labels')
const labels: Column = {
  flag: 'with_label',
  field: 'labels',
  async load({ reader, artifacts }) {
    const ids = artifacts.flatMap(({ labelIds }) => labelIds)
    const known = ids.length === 0 ? undefined : await findLabels(reader, ids)
    // A label that was deleted meanwhile is not found, and not shown.
    return {
      textOf: ({ labelIds }) =>
        labelIds.length === 0
          ? '[]'
          : writeLabels(labelIds.flatMap((id) => known?.get(id) ?? []).map((one) => presentLabel(one))),
    }
  },
}

const writeAccessories = writerOf('accessories')
const accessories: Column = {
  flag: 'with_accessory',
  field: 'accessories',
  async load({ source, artifacts }) {
    const held = await source.listHeld(artifacts.map((one) => subjectOf(one)))
    return {
      textOf(one) {
        const own = held.get(one.id)!
        if (own.length === 0) return '[]'
        const subject = { subjectId: one.id, subjectDigest: digestOf(one), subjectRepository: one.share.repositoryName }
        return writeAccessories(own.map((row) => presentAccessory({ ...row, ...subject })))
      },
    }
  },
}

const subjectOf = (one: KeptArtifact) => ({
  id: one.id,
  repositoryId: one.share.repositoryId,
  digest: digestOf(one),
})

const inherited: Column = {
  flag: 'with_inherited_accessory',
  field: 'inherited_accessories',
  async load({ reader, artifacts }) {
    const rows = await listInheritedAccessoriesOf(
      reader.db,
      artifacts.map(({ id }) => id),
    )
    const held = Map.groupBy(rows, ({ belongsTo }) => belongsTo)
    return { textOf: ({ id }) => writeAccessories((held.get(id) ?? []).map((row) => presentAccessory(row))) }
  },
}

/** The columns of other features follow. */
export const columns: readonly Column[] = [labels, accessories, inherited]
