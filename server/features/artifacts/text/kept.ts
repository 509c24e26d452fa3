import * as api from '../../../../api/artifacts.ts'
import type { Digest } from '../../../../oci/digest.ts'
import { isoOf } from '../../../platform/db/times.ts'
import { bytesOf } from '../../../platform/http/ready.ts'
import { serializedOnUse } from '../../../platform/http/schemas.ts'
import { iconOf } from '../../icons/index.ts'
import { between, type KeptOverview } from '../overviews.ts'
import { shareOf, type Share } from './share.ts'
import { presentReference } from '../wire.ts'

/**
 * An artifact as memory keeps it: mostly the JSON text of an answer, of which lists are put together by copying
 * (docs/decisions/0066-lists-as-text.md). Texts are bytes as Latin-1 (`bytesOf`), in the order of the answer: `start`,
 * `share.text`, `rest`, then `tags`.
 */
export type KeptArtifact = {
  id: number
  /** What the artifact has in common with others of its repository. */
  share: Share
  /** Made for this artifact first, which then counts the memory of `share`. */
  isFirst: boolean
  /** `{"id":1` */
  start: string
  /** From the first letter of the digest to the end of `references`. */
  rest: string
  /** `,"tags":[...]`, newest first, at most 1000, none of them immutable. */
  tags: string
  /** Ordered by their ids. */
  labelIds: number[]
  /** Of the parts of an index, in its order. */
  childIds: number[]
  hasIcon: boolean
  /** One for each scanner with a report; undefined where not read. */
  overviews?: KeptOverview[]
}

/** An artifact as PostgreSQL sends it: see `keptStatement`. */
export type KeptRow = {
  id: number
  share: string
  facts: string
  extraAttrs: string
  annotations: string
  tags: string | null
  labels: string | null
  references: string | null
  overviews?: string | null
}

/** What Harbor answers for a time that is not set. */
const never = '0001-01-01T00:00:00.000Z'

const none: never[] = []
const shapeExtra = serializedOnUse(api.Artifact.properties.extra_attrs)
const shapeAnnotations = serializedOnUse(api.Artifact.properties.annotations)
const shapeReferences = serializedOnUse(api.Artifact.properties.references)

/** Makes the texts of an artifact. */
export function keep(row: KeptRow, parse: ((text: string | null) => KeptOverview[]) | undefined): KeptArtifact {
  const { id, labels } = row
  const { share, isFirst } = shareOf(row.share)
  const [digest, size, pushedAt, pullCount, pulledAt, icon] = row.facts.split(between.fields)
  const references = row.references === null ? none : (JSON.parse(row.references) as ReferenceFields[])
  const rest = [
    `${digest}","size":${size},"icon":"${icon || iconOf(share.type)}","push_time":"${isoOf(pushedAt!)}",`,
    `"pull_time":"${pulledAt ? isoOf(pulledAt) : never}","pull_count":${pullCount},"extra_attrs":`,
    row.extraAttrs === '{}' ? '{}' : shapeExtra(JSON.parse(row.extraAttrs)),
    ',"annotations":',
    row.annotations === '{}' ? '{}' : shapeAnnotations(JSON.parse(row.annotations)),
    ',"references":',
    references.length === 0 ? '[]' : shapeReferences(references.map((one) => presentReference(referenceOf(id, one)))),
  ].join('')
  return {
    id,
    share,
    isFirst,
    start: `{"id":${id}`,
    rest: bytesOf(rest),
    tags: row.tags === null ? ',"tags":[]' : tagsText(row.tags, share.repositoryId, id),
    labelIds: labels === null ? none : labels.split(',').map(Number),
    childIds: references.length === 0 ? none : references.map(([childId]) => childId),
    hasIcon: icon !== '',
    ...(parse ? { overviews: parse(row.overviews ?? null) } : {}),
  }
}

type ReferenceFields = [number, Digest, Record<string, unknown> | null, Record<string, string> | null]

const referenceOf = (parentId: number, [childId, childDigest, platform, annotations]: ReferenceFields) => ({
  parentId,
  childId,
  childDigest,
  platform,
  annotations,
})

function tagsText(rows: string, repositoryId: number, artifactId: number): string {
  const common = `,"repository_id":${repositoryId},"artifact_id":${artifactId},"name":"`
  const texts = rows.split(between.rows).map((row) => {
    // The names of tags hold letters, digits and `._-` alone.
    const [id, name, pushedAt, pullCount, pulledAt] = row.split(between.fields)
    const pulled = pulledAt === undefined ? never : isoOf(pulledAt)
    return (
      `{"id":${id}${common}${name}","push_time":"${isoOf(pushedAt!)}","pull_time":"${pulled}",` +
      `"pull_count":${pullCount},"immutable":false}`
    )
  })
  // Unlike `+`, a join leaves one flat string and not a tree of its parts: the cache keeps thousands of these.
  return [',"tags":[', texts.join(','), ']'].join('')
}

/** The digest, with which `rest` begins. */
export const digestOf = ({ rest }: Pick<KeptArtifact, 'rest'>): Digest => rest.slice(0, rest.indexOf('"')) as Digest

/** The form in the shared layer: without the names of fields, and with the key of the share in place of the share. */
export function pack(kept: KeptArtifact): unknown[] {
  const { id, share, start, rest, tags, labelIds, childIds, hasIcon, overviews } = kept
  return [id, share.key, start, rest, tags, labelIds, childIds, hasIcon, overviews]
}

export function unpack(packed: object): KeptArtifact {
  const [id, key, start, rest, tags, labelIds, childIds, hasIcon, overviews] = packed as Packed
  const fields = { id, ...shareOf(key), start, rest, tags, labelIds, childIds, hasIcon }
  return overviews === undefined ? fields : { ...fields, overviews }
}

type Packed = [number, string, string, string, string, number[], number[], boolean, KeptOverview[] | undefined]

/** The bytes that an artifact takes in memory, beside its entry of the cache. A string has a head of 16 bytes. */
export function sizeOfKept({ share, isFirst, start, rest, tags, labelIds, childIds, overviews }: KeptArtifact): number {
  let size = 112 + (start.length + rest.length + tags.length + 3 * 20) + (labelIds.length + childIds.length) * 8
  if (labelIds.length > 0) size += 48
  if (childIds.length > 0) size += 48
  for (const { json } of overviews ?? []) size += 64 + (json === null ? 0 : json.length + 20)
  return isFirst ? size + (share.text.length + share.key.length) * 4 : size
}
