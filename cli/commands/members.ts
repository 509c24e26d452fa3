import type { Static } from 'typebox'
import * as api from '../../api/members.ts'
import { searchUserGroups } from '../../api/user-groups.ts'
import type { Shape } from '../lib/output.ts'
import { eachOf } from '../lib/each.ts'
import { exitCodes, Problem } from '../lib/problem.ts'
import type { Argument, Call, Option, Verb } from '../lib/verb.ts'
import { deleting, listing } from '../lib/words.ts'
import { project } from './projects.ts'

type Member = Static<typeof api.ProjectMemberEntity>

/** The ids of Harbor's roles in a project. */
const roles = { projectAdmin: 1, developer: 2, guest: 3, maintainer: 4, limitedGuest: 5 } as const
type Role = keyof typeof roles

const roleOption: Option = {
  flags: '--role <role>',
  about: 'what they may do',
  choices: Object.keys(roles),
  isRequired: true,
}
const member: Argument = { name: 'member', about: 'the name of a user or group', complete: 'user' }
const ofProject = (name: string) => ({ params: { project_name_or_id: name } })

const shape: Shape<Member> = {
  kind: 'member',
  name: ({ entity_name: name }) => name,
  columns: [
    { name: 'name', of: ({ entity_name: name }) => name, shrinks: true },
    { name: 'kind', of: ({ entity_type: type }) => (type === 'g' ? 'group' : 'user') },
    {
      name: 'role',
      of: ({ role_id: id }) => Object.keys(roles).find((role) => roles[role as Role] === id) ?? String(id),
    },
  ],
}

const list = listing({
  operation: api.listProjectMembers,
  shape,
  about: 'list the members of a project',
  arguments: [project],
  options: [{ flags: '--name <part>', about: 'only those with this in their names' }],
  call: ({ project: name, name: part }: { project: string; name?: string }) => ({
    ...ofProject(name),
    query: part === undefined ? {} : { entityname: part },
  }),
})

/** The id of the group of this name. Throws Problem when there is none, or several. */
async function groupOf(client: Call['client'], name: string): Promise<number> {
  const { body } = await client(searchUserGroups, { query: { groupname: name, page_size: 100 } })
  const found = body.filter((one) => one.group_name === name)
  if (found.length === 1) return found[0]!.id
  if (found.length === 0) throw new Problem(`there is no group ${name}`, { exitCode: exitCodes.absent })
  throw new Problem(`several groups are called ${name}: add it in the portal or by the API, which take its id`)
}

const add: Verb<{ project: string; member: string; role: Role; group?: true }> = {
  name: 'add',
  about: 'give a user or a group a role in a project',
  arguments: [project, member],
  options: [roleOption, { flags: '--group', about: 'the name is that of a group' }],
  examples: [['marina members add team ann --role developer', 'ann may push and pull']],
  async run({ project: name, member: whom, role, group }, { client, out }) {
    const entity = group ? { member_group: { id: await groupOf(client, whom) } } : { member_user: { username: whom } }
    await client(api.createProjectMember, { ...ofProject(name), body: { role_id: roles[role], ...entity } })
    await out.done(`${whom} is now ${role} in project ${name}`, whom)
  },
}

const update: Verb<{ project: string; member: string; role: Role }> = {
  name: 'update',
  about: 'give a member another role',
  arguments: [project, member],
  options: [roleOption],
  examples: [['marina members update team ann --role maintainer', 'instead of the role before']],
  async run({ project: name, member: whom, role }, call) {
    const { id } = await getMember(call, name, whom)
    const params = { project_name_or_id: name, mid: id }
    await call.client(api.updateProjectMember, { params, body: { role_id: roles[role] } })
    await call.out.done(`${whom} is now ${role} in project ${name}`, whom)
  },
}

const remove = deleting({
  operation: api.deleteProjectMember,
  kind: 'member',
  about: 'take members out of a project',
  name: 'remove',
  done: 'removed',
  arguments: [project, { ...member, name: 'members', isMany: true }],
  find: ({ project: name, members }: { project: string; members: string[] }, call) =>
    eachOf(members, async (whom) => {
      const { id } = await getMember(call, name, whom)
      const says = `${whom} will have no role in project ${name}`
      return { name: whom, says, call: { params: { project_name_or_id: name, mid: id } } }
    }),
})

async function getMember({ pages }: Call, projectName: string, whom: string): Promise<Member> {
  const { rows } = await pages(api.listProjectMembers, { ...ofProject(projectName), query: { entityname: whom } }, 0)
  const found = rows.find(({ entity_name: name }) => name === whom)
  if (found) return found
  throw new Problem(`project ${projectName} has no member ${whom}`, {
    exitCode: exitCodes.absent,
    wayOut: `marina members list ${projectName}`,
  })
}

export const verbs: Verb[] = [list, add, update, { ...remove, aliases: ['delete', 'rm'] }]
