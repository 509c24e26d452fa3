import { fillPath } from './routes.ts'

/** Places of the portal that several pages lead to. A repository's name is without its project. */
export const projectPlace = (project: string): string => fillPath('/p/:project', { project })

/** Of a project that caches another registry: what is here. */
export const cachePlace = (project: string): string => fillPath('/p/:project/-/cache', { project })

export const repositoryPlace = (project: string, repository: string): string =>
  fillPath('/p/:project/-/r/:repository*', { project, repository })

/** `digest`: of the artifact; a tag works, too. */
export const artifactPlace = (project: string, repository: string, digest: string): string =>
  fillPath('/p/:project/-/r/:repository*/-/a/:digest', { project, repository, digest })

/** Two artifacts of a repository beside each other, each by a tag or a digest. */
export const comparePlace = (project: string, repository: string, a: string, b: string): string =>
  `${fillPath('/p/:project/-/r/:repository*/-/compare', { project, repository })}?a=${a}&b=${b}`

/** `team/apps/web` as its project and the rest. */
export function splitRepository(name: string): { project: string; repository: string } {
  const at = name.indexOf('/')
  return { project: name.slice(0, at), repository: name.slice(at + 1) }
}
