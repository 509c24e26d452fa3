import type { Digest } from '../../../oci/digest.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import { artifactByDigestKey, artifactKey } from '../../catalog/artifact.ts'
import { findRepository } from '../../catalog/repository.ts'
import type { Reader } from '../../catalog/reader.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'
import type { PullGate } from '../../registry/gate.ts'
import { findDeprecatedLabels } from '../labels/index.ts'
import { sizeOfArtifact } from './objects.ts'
import { findArtifactId, listArtifactObjects, type ArtifactObject } from './store.ts'

/** The longest text of a warning, in characters. */
const textLimit = 200

/**
 * Refuses nothing, but warns of an artifact that has the label `deprecated`, whose description says what to use
 * instead. Where there is no label of this name, nothing is looked up for the artifact.
 */
export function deprecationWarning(reader: Reader): PullGate {
  return ({ project, repository, digest }) =>
    andThen(findDeprecatedLabels(reader, project.id), (labels) => {
      if (labels.length === 0) return undefined
      return andThen(findNow(reader, repository, digest), (artifact) => {
        const label = labels.find(({ id }) => artifact?.labelIds.includes(id))
        return label && warningText(label.description)
      })
    })
}

function findNow(reader: Reader, name: RepositoryName, digest: Digest): Maybe<ArtifactObject | undefined> {
  const { db, cache } = reader
  const id = andThen(
    findRepository(reader, name),
    (repository) =>
      repository && cache.get(artifactByDigestKey(name, digest), () => findArtifactId(db, repository.id, digest)),
  )
  const load = (one: number) => async () => (await listArtifactObjects(db, [one]))[0]
  return andThen(id, (found) => found && cache.get(artifactKey(found.id), load(found.id), sizeOfArtifact))
}

/** The text of a `Warning` header (RFC 7234 §5.5): a quoted string of printable ASCII. */
function warningText(description: string): string {
  const plain = description.replaceAll(/\s+/g, ' ').trim().slice(0, textLimit)
  const text = plain.replaceAll(/["\\]/g, "'").replaceAll(/[^\x20-\x7e]/g, '?')
  return text === '' ? 'this image is deprecated' : `this image is deprecated: ${text}`
}
