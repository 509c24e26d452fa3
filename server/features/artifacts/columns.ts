import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { findImmutable } from '../immutability/index.ts'
import { findLabels } from '../labels/index.ts'
import type { Artifacts } from './objects.ts'
import { listInheritedAccessoriesOf, type ArtifactObject } from './store.ts'
import { presentAccessory, presentLabel, presentTag } from './wire.ts'

/** What the caller wants to see beside each artifact: query parameters. */
export type Wanted = {
  with_tag?: boolean
  with_label?: boolean
  with_accessory?: boolean
  with_inherited_accessory?: boolean
  with_immutable_status?: boolean
  with_scan_overview?: boolean
  with_sbom_overview?: boolean
}

/** The artifacts that one answer shows. */
export type Page = { reader: Reader; source: Artifacts; project: Project; artifacts: ArtifactObject[]; wanted: Wanted }

/** What stands beside artifacts for callers who ask for it. Other features lend theirs. */
export type Column = {
  /** The query parameter that asks for it. */
  flag: keyof Wanted
  /** Without the parameter: left out, unless this is set. */
  isDefault?: true
  /** Where it stands in the artifact's JSON. */
  field: string
  /**
   * What to show, by the artifacts' ids: for all of the page at once, from the cache or by one query. An artifact that
   * the map lacks goes without the field.
   */
  load(page: Page): Promise<Map<number, unknown>>
}

const tags: Column = {
  flag: 'with_tag', isDefault: true, field: 'tags',
  async load({ reader, project, artifacts, wanted }) {
    const isImmutable = wanted.with_immutable_status ? await findImmutable(reader, project.id) : undefined
    return byId(artifacts, (one) => one.tags.map((tag) => presentTag(tag, project, one.repositoryName, isImmutable)))
  },
}

const labels: Column = {
  flag: 'with_label', field: 'labels',
  async load({ reader, artifacts }) {
    const known = await findLabels(reader, artifacts.flatMap(({ labelIds }) => labelIds))
    // A label that was deleted since is no longer on anything.
    return byId(artifacts, ({ labelIds }) => labelIds.flatMap((id) => known.get(id) ?? []).map(presentLabel))
  },
}

const accessories: Column = {
  flag: 'with_accessory', field: 'accessories',
  async load({ source, artifacts }) {
    const held = await source.listHeld(artifacts)
    return byId(artifacts, ({ id, digest, repositoryName }) => {
      const subject = { subjectId: id, subjectDigest: digest, subjectRepository: repositoryName }
      return held.get(id)!.map((one) => presentAccessory({ ...one, ...subject }))
    })
  },
}

const inherited: Column = {
  flag: 'with_inherited_accessory', field: 'inherited_accessories',
  async load({ reader, artifacts }) {
    const rows = await listInheritedAccessoriesOf(reader.db, artifacts.map(({ id }) => id))
    const held = Map.groupBy(rows, ({ belongsTo }) => belongsTo)
    return byId(artifacts, ({ id }) => (held.get(id) ?? []).map(presentAccessory))
  },
}

function byId(artifacts: ArtifactObject[], show: (artifact: ArtifactObject) => unknown): Map<number, unknown> {
  return new Map(artifacts.map((one) => [one.id, show(one)]))
}

/** In the order of the answer; those of other features follow. */
export const columns: readonly Column[] = [tags, labels, accessories, inherited]
