import type { Project } from '../../catalog/project.ts'
import { callApi, create, type CallOptions } from '../../testing/api.ts'
import { fresh } from '../../testing/given.ts'
import type { Person } from '../../testing/http.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'

const right = (text: string) => ({ resource: text.split(':')[0]!, action: text.split(':')[1]! })
const roleOf = (permissions: string[], name = fresh('role')) => ({ name, permissions: permissions.map(right) })
const bindings = ({ name }: Project) => `/projects/${name}/role-bindings`

/** A Marina for the tests of roles, and the calls that they share. */
export async function openRolesScene() {
  const marina = await openTestMarina({ MARINA_WORKERS: 'none' })
  return {
    marina,
    call: (method: string, path: string, options?: CallOptions) => callApi(marina, method, path, options),
    right,
    roleOf,
    givenRole: (permissions: string[], project?: Project, as: Person = marina.admin) =>
      create(marina, project ? `/projects/${project.name}/roles` : '/roles', as, roleOf(permissions)),
    toUser: ({ id }: Person) => ({ member_user: { user_id: id } }),
    bindings,
    bind: (project: Project, roleId: number, holder: object, more: object = {}, as: Person = marina.admin) =>
      create(marina, bindings(project), as, { role_id: roleId, ...holder, ...more }),
    /** The status of a pull of `v1`. */
    pulls: async (as: Person, name: string, at: Pick<TestMarina, 'ask'> = marina) =>
      (await at.ask('GET', `/v2/${name}/manifests/v1`, { as })).status,
  }
}
