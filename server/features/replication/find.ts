import type { RepositoryName } from '../../../oci/reference.ts'
import { OciError } from '../../../oci/errors.ts'
import { openYield } from '../../catalog/selector.ts'
import { isLinkTag } from './copy/accessories.ts'
import { compileFilters, type Chosen } from './filters.ts'
import { itemsOfTask, type CopyParams, type Item } from './jobs.ts'
import { openNaming } from './names.ts'
import type { Rules } from './policy.ts'
import type { ListedArtifact, Side } from './sides/side.ts'

/** A repository of the source that has something to be copied. */
type Found = {
  source: RepositoryName
  target: RepositoryName
  items: Item[]
  /** All tags that name what belongs to another artifact; null where the source's list leaves them out. */
  linkTags: string[] | null
  resourceType: CopyParams['resourceType']
}

/**
 * Finds what a policy is about at its source, one repository after the other. Throws BadName, or the source's error: a
 * list that fails in any part fails as a whole.
 */
export async function* findWanted(rules: Rules, source: Side, needsProject: boolean): AsyncGenerator<Found> {
  const chosen = compileFilters(rules.filters)
  const nameOf = openNaming(rules.naming, needsProject)
  const wanted = { prefix: chosen.prefix, names: chosen.names, takes: chosen.takesRepository }
  for await (const name of source.repositories(wanted)) {
    if (!chosen.takesRepository(name)) continue
    const found = await findIn(chosen, source, name)
    if (found && found.items.length > 0) yield { ...found, source: name, target: nameOf(name) }
  }
}

/** What one repository has that the filters take; undefined when it has gone, or never was. */
export async function findIn(
  chosen: Chosen,
  source: Side,
  name: RepositoryName,
): Promise<Omit<Found, 'source' | 'target'> | undefined> {
  const items: Item[] = []
  const linkTags: string[] = []
  const yieldNow = openYield()
  try {
    for await (const artifact of source.artifacts(name)) {
      linkTags.push(...artifact.tags.filter(isLinkTag))
      const item = itemOf(chosen, artifact)
      if (item) items.push(item)
      await yieldNow()
    }
  } catch (error) {
    if (error instanceof OciError && error.code === 'NAME_UNKNOWN') return undefined
    throw error
  }
  // A list of artifacts, unlike one of tags, shows accessories with what they belong to.
  return {
    items,
    linkTags: source.listsDigests ? null : linkTags,
    resourceType: source.endpointId === 0 ? 'artifact' : 'image',
  }
}

/** The artifact with the tags that the filters take; undefined when they take nothing of it. */
function itemOf(chosen: Chosen, { tags, digest, labels, kind, accessories }: ListedArtifact): Item | undefined {
  if (!chosen.takesKind(kind) || !chosen.takesLabels(labels)) return undefined
  const taken = tags.filter((tag) => !isLinkTag(tag) && chosen.takesTag(tag))
  // An artifact without a tag is copied by its digest, unless the policy is about tags.
  const isWanted = taken.length > 0 || (tags.length === 0 && digest !== undefined && !chosen.isByTag)
  return isWanted ? { tags: taken, ...(digest && { digest }), ...(accessories && { accessories }) } : undefined
}

/** Splits a repository with many artifacts into several tasks. */
export function tasksOf(rules: { id: number; endpointId: number }, found: Found, since?: Date): CopyParams[] {
  const { source, target, items, linkTags, resourceType } = found
  const parts = Array.from({ length: Math.ceil(items.length / itemsOfTask) }, (_, at) =>
    items.slice(at * itemsOfTask, (at + 1) * itemsOfTask),
  )
  return parts.map((part) => ({
    policyId: rules.id,
    endpointId: rules.endpointId,
    operation: 'copy',
    resourceType,
    source,
    target,
    items: part,
    linkTags,
    ...(since && { since: since.toISOString() }),
  }))
}
