import type { Digest } from '../../../oci/digest.ts'
import { artifactByDigestKey } from '../../catalog/artifact.ts'
import { findRepository, type Repository } from '../../catalog/repository.ts'
import type { PullGate } from '../../registry/gate.ts'
import type { Reader } from '../../catalog/reader.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'
import { findDeprecatedLabels } from '../labels/index.ts'
import { findKept } from './objects.ts'
import { findArtifactId } from './store.ts'
import type { KeptArtifact } from './text/kept.ts'

/** The longest text of a warning, in characters. */
const textLimit = 200

/**
 * What to warn of when an artifact is pulled: it has the label `deprecated`, whose description says what to use
 * instead. Where there is no label of this name, nothing is looked up for the artifact.
 */
export function deprecationWarning(reader: Reader): PullGate {
  return ({ repository: name, digest }) =>
    andThen(findRepository(reader, name), (repository) => {
      if (!repository) return undefined
      return andThen(findDeprecatedLabels(reader, repository.projectId), (labels) => {
        if (labels.length === 0) return undefined
        return andThen(findNow(reader, repository, digest), (artifact) => {
          const label = labels.find(({ id }) => artifact?.labelIds.includes(id))
          return label && warningText(label.description)
        })
      })
    })
}

function findNow(reader: Reader, { id, name }: Repository, digest: Digest): Maybe<KeptArtifact | undefined> {
  const { db, cache } = reader
  const known = cache.get(artifactByDigestKey(name, digest), () => findArtifactId(db, id, digest))
  return andThen(known, (found) => found && findKept(reader, found.id))
}

/** The text of a `Warning` header (RFC 7234 §5.5): a quoted string of printable ASCII. */
function warningText(description: string): string {
  const plain = description.replaceAll(/\s+/g, ' ').trim().slice(0, textLimit)
  const text = plain.replaceAll(/["\\]/g, "'").replaceAll(/[^\x20-\x7e]/g, '?')
  return text === '' ? 'this image is deprecated' : `this image is deprecated: ${text}`
}
