import { projectOf, type RepositoryName } from '../../../../oci/reference.ts'
import { findProject } from '../../../catalog/project.ts'
import { andThen, type Maybe } from '../../../platform/maybe.ts'
import { keptName } from './names.ts'
import type { CacheProject, Place, ProxyLent } from './types.ts'

/** Finds out whether a repository is in a cache, and in which. */
export interface Places {
  cacheOf(name: RepositoryName): Maybe<CacheProject | undefined>
  placeIn(project: CacheProject, name: RepositoryName): Maybe<Place>
  /** What `inCache` finds; outside of a cache, what `other` finds. */
  either<Result>(
    name: RepositoryName,
    inCache: (place: Place) => Maybe<Result>,
    other: () => Maybe<Result>,
  ): Maybe<Result>
}

export function openPlaces({ reader, rulesOf }: Pick<ProxyLent, 'reader' | 'rulesOf'>): Places {
  const cacheOf = (name: RepositoryName): Maybe<CacheProject | undefined> =>
    andThen(findProject(reader, projectOf(name)), (project) =>
      project && project.endpointId !== null ? (project as CacheProject) : undefined,
    )
  const placeIn = (project: CacheProject, name: RepositoryName): Maybe<Place> =>
    andThen(rulesOf(project.id), (rules) => ({ project, rules, name: keptName(name, rules.upstream.type) }))
  return {
    cacheOf,
    placeIn,
    either: (name, inCache, other) =>
      andThen(cacheOf(name), (project) => (project ? andThen(placeIn(project, name), inCache) : other())),
  }
}
