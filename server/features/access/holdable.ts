import {
  grantable,
  mayInProject,
  maySystem,
  patternsIn,
  permissionsOf,
  roles,
  type Permission,
  type ProjectFacts,
  type ProjectResource,
  type Rights,
  type SystemResource,
  type Verb,
} from './rules.ts'

const unique = (all: Permission[]) => [...new Map(all.map((one) => [`${one.resource}:${one.action}`, one])).values()]
/** Every permission that some role or robot can hold. */
export const holdable = {
  system: grantable.system as { resource: SystemResource; action: Verb }[],
  project: unique([...permissionsOf(roles.projectAdmin), ...grantable.project, ...permissionsOf('public')]) as {
    resource: ProjectResource
    action: Verb
  }[],
}

/** Lists that show a part of a project to those who hold the right in that part alone. */
const partlyListed: readonly string[] = ['repository:list', 'artifact:list']

/**
 * All that these rights allow in a project, or in one repository of it. The resource `project` itself is answered as
 * '', as in Harbor.
 */
export function allInProject(rights: Rights, project: ProjectFacts, repository?: string): Permission[] {
  const isPartly = (resource: ProjectResource, action: Verb) =>
    partlyListed.includes(`${resource}:${action}`) && patternsIn(rights, project.id, resource, action).length > 0
  return holdable.project
    .filter(
      ({ resource, action }) =>
        mayInProject(rights, project, resource, action, repository) || isPartly(resource, action),
    )
    .map(({ resource, action }) => ({ resource: resource === 'project' ? '' : resource, action }))
}

export function allInSystem(rights: Rights): Permission[] {
  return holdable.system.filter(({ resource, action }) => maySystem(rights, resource, action))
}
