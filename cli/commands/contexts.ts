import { findContext, readContexts, writeContexts } from '../lib/contexts.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes, Problem } from '../lib/problem.ts'
import type { Verb } from '../lib/verb.ts'
import { yesNo } from '../lib/text.ts'

type Row = { name: string; current: boolean; url: string; username: string | undefined }

const shape: Shape<Row> = {
  kind: 'login',
  name: ({ name }) => name,
  columns: [
    { name: 'name', of: ({ name }) => name },
    { name: 'current', of: ({ current }) => yesNo(current), style: ({ current }) => (current ? 'good' : 'dim') },
    { name: 'username', of: ({ username }) => username },
    { name: 'url', of: ({ url }) => url },
  ],
}

const list: Verb = {
  name: 'list',
  aliases: ['ls'],
  about: 'list the saved logins, without their passwords',
  isLocal: true,
  async run(_given, { out }) {
    const { current, contexts } = readContexts(process.env)
    const rows = Object.entries(contexts).map(([name, { url, username }]) => ({
      name,
      current: name === current,
      url,
      username,
    }))
    await out.rows(shape, rows)
  },
}

const use: Verb<{ name: string }> = {
  name: 'use',
  about: 'make a saved login the current one',
  isLocal: true,
  arguments: [{ name: 'name', about: 'as contexts list shows it', complete: 'context' }],
  examples: [['marina contexts use test', 'later commands ask this server']],
  async run({ name }, { out }) {
    const contexts = readContexts(process.env)
    const found = findContext(contexts, name)
    if (!found) {
      throw new Problem(`no login is saved under the name ${name}`, {
        exitCode: exitCodes.absent,
        wayOut: 'marina contexts list shows those that are',
      })
    }
    writeContexts(process.env, { ...contexts, current: name })
    await out.done(`commands now ask ${found.url} as ${found.username ?? 'anonymous'}`, name)
  },
}

export const verbs: Verb[] = [list, use]
