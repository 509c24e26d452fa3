import type { Static } from 'typebox'
import { addLabel, removeLabel } from '../../api/artifacts.ts'
import * as api from '../../api/labels.ts'
import { getProject } from '../../api/projects.ts'
import { eachOf } from '../lib/each.ts'
import { parseArtifact } from '../lib/names.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes, Problem, wrongUsage } from '../lib/problem.ts'
import { time } from '../lib/text.ts'
import type { Argument, Call, Option, Verb } from '../lib/verb.ts'
import { deleting, listing } from '../lib/words.ts'
import { artifact } from './artifacts.ts'

type Label = Static<typeof api.Label>

const label: Argument = { name: 'label', about: 'its name' }
const projectOption: Option = {
  flags: '--project <name>',
  about: 'of this project (default: global)',
  complete: 'project',
}

const shape: Shape<Label> = {
  kind: 'label',
  name: ({ name }) => name,
  columns: [
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'scope', of: ({ scope }) => (scope === 'g' ? 'global' : 'project') },
    { name: 'color', of: ({ color }) => color },
    { name: 'description', of: ({ description }) => description, shrinks: true },
    { name: 'changed', of: (row) => time(row.update_time), style: () => 'dim' },
  ],
}

/** What listLabels takes: the global labels, or those of a project. */
async function scopeOf({ client }: Call, project: string | undefined): Promise<{ scope: string; project_id?: number }> {
  if (project === undefined) return { scope: 'g' }
  const { body } = await client(getProject, { params: { project_name_or_id: project } })
  return { scope: 'p', project_id: body.project_id }
}

const list = listing({
  operation: api.listLabels,
  shape,
  about: 'list the global labels, or those of a project',
  options: [projectOption],
  call: async ({ project }: { project?: string }, call) => ({ query: await scopeOf(call, project) }),
})

async function getLabel(call: Call, name: string, project: string | undefined): Promise<Label> {
  const { rows } = await call.pages(api.listLabels, { query: { ...(await scopeOf(call, project)), name } }, 0)
  const found = rows.find((row) => row.name === name)
  if (found) return found
  throw new Problem(`there is no ${project === undefined ? 'global label' : `label of project ${project}`} ${name}`, {
    exitCode: exitCodes.absent,
    wayOut: `marina labels list${project === undefined ? '' : ` --project ${project}`}`,
  })
}

const looks: Option[] = [
  { flags: '--color <color>', about: 'such as #0065AB' },
  { flags: '--description <text>', about: 'what it means' },
]

type Looks = { color?: string; description?: string }

const create: Verb<{ label: string; project?: string } & Looks> = {
  name: 'create',
  about: 'create a label',
  arguments: [label],
  options: [projectOption, ...looks],
  examples: [['marina labels create tested --project team --color "#00AB65"', 'for the artifacts of one project']],
  async run({ label: name, project, color, description }, call) {
    const body = { name, ...(await scopeOf(call, project)), ...given({ color, description }) }
    await call.client(api.createLabel, { body })
    await call.out.done(`created label ${name}`, name)
  },
}

const given = (looks: { [Name in keyof Looks]: Looks[Name] | undefined }): Looks =>
  Object.fromEntries(Object.entries(looks).filter(([, value]) => value !== undefined))

const update: Verb<{ label: string; project?: string; rename?: string } & Looks> = {
  name: 'update',
  about: 'rename, describe or recolour a label',
  arguments: [label],
  options: [projectOption, { flags: '--rename <name>', about: 'its new name' }, ...looks],
  async run({ label: name, project, rename, color, description }, call) {
    if (rename === undefined && color === undefined && description === undefined)
      throw wrongUsage('nothing to change', '--rename, --color or --description')
    const found = await getLabel(call, name, project)
    const body = { ...found, ...given({ color, description }), name: rename ?? name }
    await call.client(api.updateLabel, { params: { label_id: found.id }, body })
    await call.out.done(`changed label ${body.name}`, body.name)
  },
}

const remove = deleting({
  operation: api.deleteLabel,
  kind: 'label',
  about: 'delete labels; they come off every artifact',
  arguments: [{ ...label, name: 'labels', isMany: true }],
  options: [projectOption],
  find: ({ labels, project }: { labels: string[]; project?: string }, call) =>
    eachOf(labels, async (name) => {
      const { id } = await getLabel(call, name, project)
      return {
        name,
        says: `label ${name} will be deleted, and come off every artifact`,
        call: { params: { label_id: id } },
      }
    }),
})

/** `put` and `take`: on one artifact. A label of the project counts before a global one of the same name. */
const labelling = (name: 'put' | 'take', about: string, line: string): Verb<{ artifact: string; label: string }> => ({
  name,
  about,
  arguments: [artifact, label],
  examples: [[line, 'a label of the project, or a global one']],
  async run({ artifact: text, label: labelName }, call) {
    const params = parseArtifact(text)
    const { id } = await getLabel(call, labelName, params.project_name).catch(() =>
      getLabel(call, labelName, undefined),
    )
    if (name === 'put') await call.client(addLabel, { params, body: { id } })
    else await call.client(removeLabel, { params: { ...params, label_id: id } })
    await call.out.done(name === 'put' ? `${text} has label ${labelName}` : `${text} has no label ${labelName}`, text)
  },
})

export const verbs: Verb[] = [
  list,
  create,
  update,
  remove,
  labelling('put', 'put a label on an artifact', 'marina labels put team/app:1.0 tested'),
  labelling('take', 'take a label off an artifact', 'marina labels take team/app:1.0 tested'),
]
