import type { Static } from 'typebox'
import * as api from '../../api/tokens.ts'
import { eachOf } from '../lib/each.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes, Problem, wrongUsage } from '../lib/problem.ts'
import { parseDays, parseRight, rightsOf } from '../lib/rights.ts'
import { time } from '../lib/text.ts'
import type { Call, Verb } from '../lib/verb.ts'
import { deleting } from '../lib/words.ts'

type Token = Static<typeof api.PersonalToken>

const shape: Shape<Token> = {
  kind: 'token',
  name: ({ name }) => name,
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'expires', of: ({ expires_at: end }) => (end === undefined ? 'never' : time(end)) },
    { name: 'last used', of: (row) => time(row.last_used_time), style: () => 'dim' },
    { name: 'rights', of: ({ permissions }) => (permissions ? rightsOf(permissions) : 'all of mine'), shrinks: true },
  ],
}

const mine = async ({ client }: Call): Promise<Token[]> => (await client(api.listTokens, {})).body

const list: Verb = {
  name: 'list',
  aliases: ['ls'],
  about: 'list my tokens, without their secrets',
  async run(_, call) {
    const rows = await mine(call)
    await call.out.rows(shape, rows, rows.length)
  },
}

type CreateGiven = { name: string; allow?: string[]; in?: string[]; duration: string }

const create: Verb<CreateGiven> = {
  name: 'create',
  about: 'make a token, to be used in place of the password; its secret is shown once',
  arguments: [{ name: 'name', about: 'what it is for' }],
  options: [
    {
      flags: '--allow <right>',
      about: 'pull, push (and pull), or <resource>:<action>; may stand several times (default: all that I may)',
      isMany: true,
    },
    {
      flags: '--in <project>',
      about: 'where the rights hold (default: *, every project of mine; / for rights on the system)',
      isMany: true,
      complete: 'project',
    },
    { flags: '--duration <days>', about: 'how long it lives; never: for ever', fallback: '90' },
  ],
  examples: [
    ['marina tokens create laptop --allow pull --in team', 'pulls from one project'],
    ['marina tokens create laptop -o json | jq -r .secret', 'the secret alone'],
  ],
  async run({ name, allow = [], in: places, duration }, { client, out }) {
    if (places && allow.length === 0) throw wrongUsage('--in needs --allow')
    const access = allow.flatMap(parseRight)
    const permissions = (places ?? ['*']).map((namespace) => ({
      kind: namespace === '/' ? 'system' : 'project',
      namespace,
      access,
    }))
    const body = { name, duration: parseDays(duration), ...(access.length > 0 ? { permissions } : {}) }
    const made = (await client(api.createToken, { body })).body
    const text = `created token ${name}\nsecret  ${made.secret}\nThe secret is shown this once.`
    await out.done(text, String(made.id), made)
  },
}

const revoke = deleting({
  name: 'revoke',
  operation: api.deleteToken,
  kind: 'token',
  about: 'revoke tokens of mine, everywhere at once',
  done: 'revoked',
  arguments: [{ name: 'tokens', about: 'their names or ids, as tokens list shows them', isMany: true }],
  async find({ tokens }: { tokens: string[] }, call) {
    const all = await mine(call)
    return eachOf(tokens, async (text) => {
      const found = all.find(({ id, name }) => name === text || String(id) === text)
      if (!found)
        throw new Problem(`there is no token ${text}`, { exitCode: exitCodes.absent, wayOut: 'marina tokens list' })
      const says = `token ${found.name} will be revoked: programs with it are shut out`
      return { name: found.name, says, call: { params: { token_id: found.id } } }
    })
  },
})

export const verbs: Verb[] = [list, create, revoke]
