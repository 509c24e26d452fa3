import type { Static } from 'typebox'
import * as api from '../../api/roles.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes, Problem, wrongUsage } from '../lib/problem.ts'
import { parseRight } from '../lib/rights.ts'
import type { Argument, Call, Option, Verb } from '../lib/verb.ts'
import { deleting, idOf, limitOption } from '../lib/words.ts'
import { parseLimit } from '../lib/pages.ts'

type Role = Static<typeof api.Role>
type Binding = Static<typeof api.RoleBinding>

const role: Argument = { name: 'role', about: 'its name as roles list shows it, or its id' }
const inProject: Option = {
  flags: '--project <name>',
  about: "with that project's own roles (default: those for every project)",
  complete: 'project',
}
const project: Option = { flags: '--project <name>', about: 'in this project', isRequired: true, complete: 'project' }
const holderOptions: Option[] = [
  project,
  { flags: '--user <name>', about: 'the user', complete: 'user' },
  { flags: '--group <name>', about: 'the group, instead of a user' },
  { flags: '--repositories <pattern>', about: 'in the repositories alone that the pattern matches, such as web/**' },
]

const shape: Shape<Role> = {
  kind: 'role',
  name: ({ name }) => name,
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'of', of: ofWhat },
    { name: 'bindings', of: ({ bindings }) => bindings },
    { name: 'description', of: ({ description }) => description, shrinks: true, style: () => 'dim' },
  ],
  fields: [
    { name: 'id', of: ({ id }) => id },
    { name: 'name', of: ({ name }) => name },
    { name: 'of', of: ofWhat },
    { name: 'description', of: ({ description }) => description },
    {
      name: 'gives',
      of: ({ permissions }) => permissions.map(({ resource, action }) => `${resource}:${action}`).join(', '),
    },
  ],
}

function ofWhat({ built_in: isBuiltIn, project_id: projectId }: Role): string {
  if (isBuiltIn) return 'Harbor'
  return projectId === undefined ? 'every project' : 'the project'
}

const list: Verb<{ project?: string; limit: string }> = {
  name: 'list',
  aliases: ['ls'],
  about: "list the roles that can be given: Harbor's and those of one's own",
  options: [inProject, limitOption(0)],
  async run({ project: name, limit }, call) {
    const { rows, total } = await listRoles(call, name, parseLimit(limit))
    await call.out.rows(shape, rows, total)
  },
}

const listRoles = ({ pages }: Call, name: string | undefined, limit: number) =>
  name === undefined
    ? pages(api.listRoles, {}, limit)
    : pages(api.listProjectRoles, { params: { project_name_or_id: name } }, limit)

/** Finds a role by its id or its name; a project's own goes before one for every project. Throws Problem. */
async function getRole(call: Call, text: string, name: string | undefined): Promise<Role> {
  const { rows } = await listRoles(call, name, 0)
  const found = rows.findLast((one) => one.name === text || String(one.id) === text)
  if (found) return found
  if (/^\d{1,15}$/.test(text)) return (await call.client(api.getRole, { params: { role_id: Number(text) } })).body
  throw new Problem(`there is no role ${text}`, {
    exitCode: exitCodes.absent,
    wayOut: `marina roles list --project ${name ?? '<name>'} shows those of a project, too`,
  })
}

const show: Verb<{ role: string; project?: string }> = {
  name: 'show',
  aliases: ['get'],
  about: 'show a role with what it gives',
  arguments: [role],
  options: [inProject],
  async run({ role: text, project: name }, call) {
    await call.out.row(shape, await getRole(call, text, name))
  },
}

type CreateGiven = { name: string; allow: string[]; project?: string; description?: string }

const create: Verb<CreateGiven> = {
  name: 'create',
  about: 'make a role from a list of rights',
  arguments: [{ name: 'name', about: 'letters, digits, spaces, _ . and -' }],
  options: [
    {
      flags: '--allow <right>',
      about: 'pull, push (and pull), or <resource>:<action>; may stand several times',
      isMany: true,
      isRequired: true,
    },
    { ...inProject, about: 'for this project alone (default: for every project, which administrators may)' },
    { flags: '--description <text>', about: 'what it is for' },
  ],
  examples: [
    ['marina roles create puller --allow pull --allow artifact:list', 'for every project'],
    ['marina roles create release --allow push --allow tag:delete --project team', 'for one project'],
  ],
  async run({ name, allow, project: of, description }, { client, out }) {
    const permissions = allow.flatMap((text) => parseRight(text))
    const body = { name, permissions, ...(description === undefined ? {} : { description }) }
    const { headers } =
      of === undefined
        ? await client(api.createRole, { body })
        : await client(api.createProjectRole, { params: { project_name_or_id: of }, body })
    await out.done(`created role ${name}`, name, { id: idOf(headers), name })
  },
}

type HolderGiven = { role: string; project: string; user?: string; group?: string; repositories?: string }

const bind: Verb<HolderGiven> = {
  name: 'bind',
  about: 'give a role to a user or a group, in a project or in some of its repositories',
  arguments: [role],
  options: holderOptions,
  examples: [
    ['marina roles bind puller --user ann --project team', 'in the whole project'],
    ["marina roles bind developer --group web --project team --repositories 'web/**'", "Harbor's, in a part of it"],
  ],
  async run({ role: text, project: name, user, group, repositories }, call) {
    const whom = holderOf(user, group)
    const { id, name: roleName } = await getRole(call, text, name)
    const entity = user === undefined ? { member_group: { group_name: whom } } : { member_user: { username: whom } }
    const body = { role_id: id, ...entity, ...(repositories === undefined ? {} : { repositories }) }
    const { headers } = await call.client(api.createRoleBinding, { params: { project_name_or_id: name }, body })
    const where = repositories === undefined ? '' : ` in repositories ${repositories}`
    await call.out.done(`${whom} has role ${roleName} in project ${name}${where}`, String(idOf(headers)))
  },
}

function holderOf(user: string | undefined, group: string | undefined): string {
  if ((user === undefined) === (group === undefined)) throw wrongUsage('name either --user or --group')
  return (user ?? group)!
}

const bindingShape: Shape<Binding> = {
  kind: 'binding',
  name: ({ id }) => String(id),
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'name', of: ({ entity_name: name }) => name, shrinks: true },
    { name: 'kind', of: ({ entity_type: type }) => (type === 'g' ? 'group' : 'user') },
    { name: 'role', of: ({ role_name: name }) => name },
    { name: 'repositories', of: ({ repositories }) => repositories ?? 'all', shrinks: true },
  ],
}

const bindings: Verb<{ project: string; limit: string }> = {
  name: 'bindings',
  about: 'list who holds which role in a project, beside its members',
  arguments: [{ name: 'project', about: 'its name', complete: 'project' }],
  options: [limitOption(0)],
  async run({ project: name, limit }, call) {
    const asked = { params: { project_name_or_id: name } }
    const { rows, total } = await call.pages(api.listRoleBindings, asked, parseLimit(limit))
    await call.out.rows(bindingShape, rows, total)
  },
}

const unbind = deleting({
  operation: api.deleteRoleBinding,
  kind: 'binding',
  about: 'take a role from a user or a group',
  name: 'unbind',
  done: 'removed',
  arguments: [role],
  options: holderOptions,
  async find({ role: text, project: name, user, group, repositories }: HolderGiven, call) {
    const whom = holderOf(user, group)
    const params = { project_name_or_id: name }
    const { rows } = await call.pages(api.listRoleBindings, { params }, 0)
    const found = rows.filter(
      (one) =>
        one.entity_name === whom &&
        one.entity_type === (user === undefined ? 'g' : 'u') &&
        (one.role_name === text || String(one.role_id) === text) &&
        (repositories === undefined || one.repositories === repositories),
    )
    if (found.length === 0)
      throw new Problem(`${whom} has no role ${text} in project ${name} by a binding`, {
        exitCode: exitCodes.absent,
        wayOut: `marina roles bindings ${name}`,
      })
    return found.map(({ id, role_name: roleName, repositories: pattern }) => ({
      name: String(id),
      says: `${whom} will lose role ${roleName} in project ${name}${pattern ? `, repositories ${pattern}` : ''}`,
      call: { params: { ...params, binding_id: id } },
    }))
  },
})

const remove = deleting({
  operation: api.deleteRole,
  kind: 'role',
  about: 'delete a role that nobody holds',
  arguments: [role],
  options: [inProject],
  async find({ role: text, project: name }: { role: string; project?: string }, call) {
    const found = await getRole(call, text, name)
    const says = `role ${found.name} will be deleted`
    return [{ name: found.name, says, call: { params: { role_id: found.id } } }]
  },
})

export const verbs: Verb[] = [list, show, create, bind, bindings, unbind, remove]
