import type { RepositoryName } from '../../../../oci/reference.ts'
import { bytesOf } from '../../../platform/http/ready.ts'
import { additionsOf } from '../processors/list.ts'
import { between } from '../overviews.ts'
import type { ArtifactRow } from '../store.ts'
import { artifactsPath } from '../wire.ts'

type Common = Pick<
  ArtifactRow,
  'repositoryId' | 'repositoryName' | 'projectId' | 'kind' | 'type' | 'mediaType' | 'configMediaType' | 'artifactType'
>

/** What most artifacts of a repository have in common: kept once, as it is a third of their text. */
export type Share = Readonly<Common> & {
  /** The row that it was made of: see `shareOf`. */
  key: string
  /** From the comma behind the id to the quote before the digest. */
  text: string
  links: Links
}

/** The texts of links to additions, around the artifact's digest. */
type Links = {
  additions: readonly Link[]
  vulnerabilities: Link
}
type Link = { before: string; after: string }

/**
 * The shares that were asked for, by their keys. They are not counted as memory of the cache beyond the first artifact
 * that has one, so their number is bounded: 2,000 of about 1.5 KB.
 */
const known = new Map<string, Share>()
const mostKnown = 2000

/**
 * The share of `key`, which has the fields of `Common` in their order, with U+001F between them; a missing one is
 * empty. `isFirst`: it was made now.
 */
export function shareOf(key: string): { share: Share; isFirst: boolean } {
  const found = known.get(key)
  if (found) return { share: found, isFirst: false }
  if (known.size >= mostKnown) known.clear()
  const share = makeShare(key)
  known.set(key, share)
  return { share, isFirst: true }
}

function makeShare(key: string): Share {
  const [repositoryId, repositoryName, projectId, kind, type, mediaType, configType, artifactType] = key.split(
    between.fields,
  )
  const common: Common = {
    repositoryId: Number(repositoryId),
    repositoryName: repositoryName as RepositoryName,
    projectId: Number(projectId),
    kind: kind as Common['kind'],
    type: type!,
    mediaType: mediaType!,
    configMediaType: configType || null,
    artifactType: artifactType || null,
  }
  return { ...common, key, text: textOf(common), links: linksOf(common) }
}

function textOf({ repositoryId, repositoryName, projectId, type, mediaType, configMediaType, artifactType }: Common) {
  const configType = configMediaType ?? mediaType
  const fields = {
    type,
    media_type: configType,
    manifest_media_type: mediaType,
    artifact_type: artifactType ?? configType,
    project_id: projectId,
    repository_id: repositoryId,
    repository_name: repositoryName,
  }
  return bytesOf(`,${JSON.stringify(fields).slice(1, -1)},"digest":"`)
}

function linksOf({ repositoryName, type, kind }: Common): Links {
  const path = artifactsPath(repositoryName)
  const linkTo = (addition: string): Link => ({
    before: `"${addition}":{"href":"${path}`,
    after: `/additions/${addition}","absolute":false}`,
  })
  return { additions: additionsOf({ type, kind }).map(linkTo), vulnerabilities: linkTo('vulnerabilities') }
}
