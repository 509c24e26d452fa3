import type { RepositoryName } from '../../oci/reference.ts'
import { times, topic } from './topic.ts'

export type { Actor } from './topic.ts'

/** The repository in which something happened; with `origin` when another registry reported it. */
export type Place = { projectId: number; repository: RepositoryName; origin?: Origin }

/** What another registry reported: its name, the event's id and time, and the address and id of the request to it. */
export type Origin = { registry: string; eventId: string; at: string; address: string; requestId: string }

type OfDigest = { repository: string; digest: string }
type OfTag = { repository: string; tag: string }
type OfProject = { projectId: number; name: string }

const byDigest = ({ repository, digest }: OfDigest) => `${repository}@${digest}`
const byTag = ({ repository, tag }: OfTag) => `${repository}:${tag}`

/** An artifact's name in the audit log, as Harbor writes it: by its first tag, else by its digest. */
export function artifactName({ repository, digest, tags: [tag] = [] }: OfDigest & { tags?: string[] }): string {
  return tag ? byTag({ repository, tag }) : byDigest({ repository, digest })
}

type Pull = Place & { digest: string; tag: string | null; count: number; lastAt: string }
const pulledName = ({ tag, ...of }: Pull) => artifactName({ ...of, tags: tag === null ? [] : [tag] })

/** The facts about the five nouns. */
export const facts = {
  artifactPushed: topic<Place & { digest: string; mediaType: string; size: number; tags: string[]; isNew: boolean }>(
    'artifact.pushed',
    { operation: 'create', resource: artifactName },
  ),
  /** Counted since the last flush, one fact per artifact, tag and puller. */
  artifactPulled: topic<Pull>('artifact.pulled', {
    operation: 'pull',
    resource: pulledName,
    description: (of) => `pull artifact: ${pulledName(of)}${times(of.count)}`,
  }),
  /** The audit log names it by its digest, as its tags are gone. */
  artifactDeleted: topic<Place & { digest: string; tags: string[] }>('artifact.deleted', { resource: byDigest }),
  tagCreated: topic<Place & { tag: string; digest: string }>('tag.created', { resource: byTag }),
  tagMoved: topic<Place & { tag: string; digest: string; from: string }>('tag.moved', {
    operation: 'update',
    resource: byTag,
    description: (of) => `move tag: ${byTag(of)} from ${of.from} to ${of.digest}`,
  }),
  tagDeleted: topic<Place & { tag: string; digest: string }>('tag.deleted', { resource: byTag }),
  repositoryCreated: topic<Place>('repository.created'),
  blobDeleted: topic<Place & { digest: string }>('blob.deleted', { resource: byDigest }),
  projectCreated: topic<OfProject & { isPublic: boolean }>('project.created'),
  /** `changed`: the new values by Harbor's names; null for what was removed. */
  projectUpdated: topic<OfProject & { changed: Record<string, unknown> }>('project.updated'),
  projectDeleted: topic<OfProject>('project.deleted'),
}
