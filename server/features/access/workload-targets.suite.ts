import type { Project } from '../../catalog/project.ts'
import { create } from '../../testing/api.ts'
import { fresh } from '../../testing/given.ts'
import type { TestMarina } from '../../testing/server.ts'

/** The body of a trust rule that gives a right in this project. */
export const trustRule = (name: string, project: { name: string }) => ({
  name,
  issuer: 'https://issuer.example',
  audience: 'marina',
  claims: [{ claim: 'sub', equals: 'pipeline' }],
  permissions: [{ kind: 'project', namespace: project.name, access: [{ resource: 'repository', action: 'pull' }] }],
})

/** Makes a trust rule of the project that the path names, or of the system, and returns its id. */
export function givenTrustRule(marina: TestMarina, project: Project, done: object): Promise<number> {
  const path = 'project_name_or_id' in done ? `/projects/${project.name}/workloads` : '/workloads'
  return create(marina, path, marina.admin, trustRule(fresh('trust'), project))
}
