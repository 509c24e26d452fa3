import type { Static } from 'typebox'
import { getProject } from '../../api/projects.ts'
import * as api from '../../api/quotas.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes, Problem, wrongUsage } from '../lib/problem.ts'
import { parseSize, size } from '../lib/text.ts'
import type { Call, Verb } from '../lib/verb.ts'
import { listing } from '../lib/words.ts'
import { limitText, project } from './projects.ts'

type Quota = Static<typeof api.Quota>

const nameOf = ({ ref }: Quota) => (typeof ref['name'] === 'string' ? ref['name'] : '')
const shareOf = ({ hard, used }: Quota) => {
  const limit = hard['storage'] ?? -1
  return limit > 0 ? (used['storage'] ?? 0) / limit : undefined
}

const shape: Shape<Quota> = {
  kind: 'quota',
  name: nameOf,
  columns: [
    { name: 'project', of: nameOf, shrinks: true },
    { name: 'used', of: ({ used }) => size(used['storage'] ?? 0) },
    { name: 'limit', of: ({ hard }) => limitText(hard['storage']) },
    {
      name: 'full',
      of: (row) => (shareOf(row) === undefined ? '' : `${Math.floor(shareOf(row)! * 100)} %`),
      style: (row) => ((shareOf(row) ?? 0) >= 0.9 ? 'bad' : undefined),
    },
  ],
}

const list = listing({
  operation: api.listQuotas,
  shape,
  about: 'list how much each project stores, and may store',
  examples: [['marina quotas list --sort -used.storage --limit 10', 'the largest projects']],
})

async function getQuota({ client, pages }: Call, name: string): Promise<Quota> {
  const { body } = await client(getProject, { params: { project_name_or_id: name } })
  const query = { reference: 'project', reference_id: String(body.project_id) }
  const { rows } = await pages(api.listQuotas, { query }, 1)
  if (rows[0]) return rows[0]
  throw new Problem(`project ${name} has no quota that you may see`, { exitCode: exitCodes.absent })
}

const show: Verb<{ project: string }> = {
  name: 'show',
  aliases: ['get'],
  about: 'show how much a project stores, and may store',
  arguments: [project],
  async run({ project: name }, call) {
    await call.out.row(shape, await getQuota(call, name))
  },
}

const set: Verb<{ project: string; limit: string }> = {
  name: 'set',
  about: 'set how much a project may store',
  arguments: [project, { name: 'limit', about: 'such as 500MiB or 10GiB; none: no limit' }],
  examples: [
    ['marina quotas set team 10GiB', 'what is stored already stays, also beyond'],
    ['marina quotas set team none', 'no limit'],
  ],
  async run({ project: name, limit }, call) {
    const bytes = parseSize(limit)
    if (bytes === undefined) throw wrongUsage(`a limit is a size such as 10GiB, or none; not ${limit}`)
    const { id, used } = await getQuota(call, name)
    await call.client(api.updateQuota, { params: { id }, body: { hard: { storage: bytes } } })
    await call.out.done(
      `project ${name} may store ${bytes < 0 ? 'any amount' : size(bytes)}; it stores ${size(used['storage'] ?? 0)}`,
      name,
    )
  },
}

export const verbs: Verb[] = [list, show, set]
