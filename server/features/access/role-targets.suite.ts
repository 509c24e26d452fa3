import type { Project } from '../../catalog/project.ts'
import { create } from '../../testing/api.ts'
import { fresh, givenUser } from '../../testing/given.ts'
import type { TestMarina } from '../../testing/server.ts'

/** Makes what the paths of people and rights name: sessions, tokens, roles, bindings, auditors, rules for tags. */
export function roleTargets(marina: TestMarina) {
  const make = (path: string, body: unknown) => create(marina, path, marina.admin, body)
  const makeRole = ({ name }: Project) =>
    make(`/projects/${name}/roles`, {
      name: fresh('target'),
      permissions: [{ resource: 'member', action: 'create' }],
    })
  const holder = async () => ({ member_user: { user_id: (await givenUser(marina)).id } })
  return {
    session_id: async () => 'none',
    token_id: async () => 999_999_999,
    role_id: makeRole,
    binding_id: async (project: Project) =>
      make(`/projects/${project.name}/role-bindings`, { role_id: await makeRole(project), ...(await holder()) }),
    auditor_id: async () => make('/system/auditors', await holder()),
    tag_protection_id: async ({ name }: Project) =>
      make(`/projects/${name}/tagprotectionrules`, {
        name: fresh('target'),
        tags: fresh('t'),
        actions: ['delete'],
        role_ids: [1],
      }),
  }
}
