import { Failure } from '../../platform/http/failure.ts'
import { mayInProject, type ProjectFacts, type ProjectResource, type Rights, type Verb } from './rules.ts'

/** `repository:pull` → its two parts. */
export function partsOfPermission(text: string): { resource: ProjectResource; action: Verb } {
  const at = text.indexOf(':')
  return { resource: text.slice(0, at) as ProjectResource, action: text.slice(at + 1) as Verb }
}

/** Those of the permissions that these rights lack in the whole project. What is public does not count as held. */
function lackedOf(rights: Rights, project: ProjectFacts, permissions: Iterable<string>): string[] {
  return [...permissions].filter((text) => {
    const { resource, action } = partsOfPermission(text)
    return !mayInProject(rights, { ...project, isPublic: false }, resource, action)
  })
}

/** How many lacked permissions a refusal names. */
const named = 5

/** Nobody gives, in a role or otherwise, what they do not hold in the project themselves. Throws DENIED. */
export function demandGiving(rights: Rights, project: ProjectFacts, permissions: Iterable<string>): void {
  const lacked = lackedOf(rights, project, permissions)
  if (lacked.length === 0) return
  const more = lacked.length > named ? ` and ${lacked.length - named} more` : ''
  throw new Failure(
    'DENIED',
    `you can give only rights that you have yourself in project ${project.name}: ` +
      `you lack ${lacked.slice(0, named).join(', ')}${more}`,
  )
}
