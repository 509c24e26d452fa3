import type { Static } from 'typebox'
import * as api from '../../api/roles.ts'
import type { Shape } from '../lib/output.ts'
import { parseLimit } from '../lib/pages.ts'
import { yesNo } from '../lib/text.ts'
import type { Verb } from '../lib/verb.ts'
import { limitOption } from '../lib/words.ts'

type Entry = Static<typeof api.AccessEntry>

const kinds: Record<string, string> = { u: 'user', g: 'group', r: 'robot', t: 'token', a: 'anyone' }

const shape: Shape<Entry> = {
  kind: 'answer',
  name: ({ entity_name: name }) => name,
  columns: [
    { name: 'who', of: ({ entity_name: name }) => name, shrinks: true },
    { name: 'kind', of: ({ entity_type: type }) => kinds[type] ?? type },
    { name: 'action', of: ({ action }) => action },
    { name: 'may', of: mayOf, style: ({ allowed }) => (allowed ? 'good' : 'bad') },
    { name: 'because', of: whyOf, shrinks: true },
  ],
}

function mayOf({ allowed, only_in: onlyIn }: Entry): string {
  return onlyIn === undefined ? yesNo(allowed) : `in ${onlyIn.join(', ')}`
}

function whyOf({ because, protected_by: rules }: Entry): string {
  const reasons = because.length === 0 ? ['nothing gives it'] : because.map(({ text }) => text)
  return [...reasons, ...rules.map(({ rule_name: name, text }) => `but by the rule ${name}, ${text}`)].join('; ')
}

type Given = { project: string; who?: string; action?: string; repository?: string; tag?: string; limit: string }

export const access: Omit<Verb<Given>, 'name' | 'about'> = {
  arguments: [{ name: 'project', about: 'its name', complete: 'project' }],
  options: [
    {
      flags: '--who <who>',
      about: 'ann or user:ann, group:web, robot:ci, token:12 or anonymous (default: all who may)',
    },
    { flags: '--action <action>', about: 'such as repository:push, repository:pull or tag:delete (default: each)' },
    { flags: '--repository <name>', about: 'in this repository, named without the project' },
    { flags: '--tag <tag>', about: 'with this tag of it, for the rules that protect tags' },
    limitOption(0),
  ],
  examples: [
    ['marina access team --action repository:push', 'all who may push, and why'],
    ['marina access team --who ann --action tag:delete --repository web --tag v1', 'whether ann may do this'],
  ],
  async run({ project, limit, ...query }, call) {
    const asked = { params: { project_name_or_id: project }, query }
    const { rows, total } = await call.pages(api.getProjectAccess, asked, parseLimit(limit))
    await call.out.rows(shape, rows, total)
  },
}
