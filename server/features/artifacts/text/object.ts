import { textOf } from '../../../platform/http/ready.ts'
import type { ArtifactObject, ReferenceRow, TagRow } from '../store.ts'
import { digestOf, type KeptArtifact } from './kept.ts'

/** What an answer shows of an artifact, as far as the rows hold it. */
type Shown = {
  size: number
  icon: ArtifactObject['icon'] & string
  push_time: string
  pull_time: string
  pull_count: number
  extra_attrs: Record<string, unknown>
  annotations: Record<string, string>
  references: ShownReference[]
}
type ShownReference = Pick<Partial<ReferenceRow>, 'platform' | 'annotations'> & {
  child_id: number
  child_digest: ReferenceRow['childDigest']
}
type ShownTag = { id: number; name: TagRow['name']; push_time: string; pull_time: string; pull_count: number }

/**
 * The artifact as an object, read from its text: for what works on one artifact or a few. The platforms of its
 * references have the fields of the API alone.
 */
export function objectOf(kept: KeptArtifact): ArtifactObject {
  const { id, share, labelIds, childIds, hasIcon } = kept
  const { key: _key, text: _text, links: _links, ...common } = share
  const shown = JSON.parse(`{"digest":"${textOf(kept.rest)}}`) as Shown
  return {
    ...common,
    id,
    digest: digestOf(kept),
    size: shown.size,
    icon: hasIcon ? shown.icon : null,
    pushedAt: new Date(shown.push_time),
    pulledAt: dateOf(shown.pull_time),
    pullCount: shown.pull_count,
    extraAttrs: shown.extra_attrs,
    annotations: shown.annotations,
    tags: tagsOf(kept),
    labelIds,
    references: shown.references.map((one, index) => ({
      parentId: id,
      childId: childIds[index]!,
      childDigest: one.child_digest,
      platform: one.platform ?? null,
      annotations: one.annotations ?? null,
    })),
  }
}

/** The tags, newest first. */
function tagsOf({ id: artifactId, share: { repositoryId }, tags }: KeptArtifact): TagRow[] {
  const shown = JSON.parse(tags.slice(tags.indexOf('['))) as ShownTag[]
  return shown.map((one) => ({
    id: one.id,
    repositoryId,
    artifactId,
    name: one.name,
    pushedAt: new Date(one.push_time),
    pulledAt: dateOf(one.pull_time),
    pullCount: one.pull_count,
  }))
}

/** What Harbor answers for a time that is not set, is none. */
const dateOf = (time: string) => (time.startsWith('0001-') ? null : new Date(time))
