import type { Static } from 'typebox'
import { eachOf } from '../lib/each.ts'
import { getProject } from '../../api/projects.ts'
import * as api from '../../api/repositories.ts'
import { parseRepository } from '../lib/names.ts'
import type { Shape } from '../lib/output.ts'
import { parseLimit } from '../lib/pages.ts'
import { count, time } from '../lib/text.ts'
import type { Argument, Option, Verb } from '../lib/verb.ts'
import { deleting, limitOption, showing } from '../lib/words.ts'
import { scoreVerbs } from './repo-scores.ts'

type Repository = Static<typeof api.Repository>

export const repository: Argument = { name: 'repository', about: '<project>/<name>', complete: 'repository' }
const ofRepository = ({ repository: name }: { repository: string }) => ({ params: parseRepository(name) })

const shape: Shape<Repository> = {
  kind: 'repository',
  name: ({ name }) => name,
  columns: [
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'artifacts', of: (row) => row.artifact_count },
    { name: 'pulls', of: (row) => row.pull_count },
    { name: 'changed', of: (row) => time(row.update_time), style: () => 'dim' },
    { name: 'description', of: (row) => row.description, shrinks: true },
  ],
}

const listOptions: Option[] = [
  { flags: '-q, --query <q>', about: "only what matches, in the API's words: name=~web, ..." },
  { flags: '--sort <fields>', about: 'fields with commas between, -field for descending' },
  limitOption(0),
]

const list: Verb<{ project?: string; query?: string; sort?: string; limit: string }> = {
  name: 'list',
  aliases: ['ls'],
  about: 'list the repositories of a project, or of all that you may see',
  arguments: [{ name: 'project', about: 'its name', isOptional: true, complete: 'project' }],
  options: listOptions,
  examples: [
    ['marina repos list team', 'those of one project'],
    ['marina repos list --sort -pull_count --limit 10', 'what is pulled most'],
    ["marina repos list -q 'name=~web'", 'those with web in their names'],
  ],
  async run({ project, query: q, sort, limit }, { client, pages, out }) {
    const query = { ...(q === undefined ? {} : { q }), ...(sort === undefined ? {} : { sort }) }
    // A project that is not there has an empty list of repositories in Harbor's API.
    if (project !== undefined) await client(getProject, { params: { project_name_or_id: project } })
    const { rows, total } =
      project === undefined
        ? await pages(api.listAllRepositories, { query }, parseLimit(limit))
        : await pages(api.listRepositories, { params: { project_name: project }, query }, parseLimit(limit))
    await out.rows(shape, rows, total)
  },
}

const show = showing({
  operation: api.getRepository,
  shape,
  about: 'show a repository',
  arguments: [repository],
  examples: [['marina repos show team/app', 'its counts and times']],
  call: ofRepository,
})

const update: Verb<{ repository: string; description: string }> = {
  name: 'update',
  about: 'describe a repository',
  arguments: [repository],
  options: [{ flags: '--description <text>', about: 'what it is, in Markdown', isRequired: true }],
  examples: [["marina repos update team/app --description 'The web shop'", 'replaces the description']],
  async run({ repository: name, description }, { client, out }) {
    await client(api.updateRepository, { ...ofRepository({ repository: name }), body: { description } })
    await out.done(`described repository ${name}`, name)
  },
}

const remove = deleting({
  operation: api.deleteRepository,
  kind: 'repository',
  about: 'delete repositories with all their artifacts and tags',
  arguments: [{ ...repository, name: 'repositories', about: '<project>/<name>', isMany: true }],
  examples: [
    ['marina repos delete team/old --dry-run', 'says how much would go'],
    ['marina repos delete team/old team/older --yes', 'in a script'],
  ],
  find: ({ repositories }: { repositories: string[] }, { client }) =>
    eachOf(repositories, async (name) => {
      const { body } = await client(api.getRepository, ofRepository({ repository: name }))
      const holds = `${count(body.artifact_count, 'artifact')}, pulled ${count(body.pull_count, 'time')}`
      const says = `repository ${name} with all its artifacts and tags will be deleted: ${holds}`
      return { name, says, call: ofRepository({ repository: name }) }
    }),
  wayBack: 'They can be restored for a time: marina trash list <project>.',
})

export const verbs: Verb[] = [list, show, update, remove, ...scoreVerbs]
