/** docs/walk.md, command by command, as a reader would run it. */
import assert from 'node:assert/strict'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { Client } from 'pg'
import { socketUrl } from './faults/kills.ts'
import { ask, basic } from './http.ts'
import { smallImage } from './image.ts'
import { end, makeFolder, root, startMarina } from './marina.ts'

/** The facts that the walk must leave in the outbox. */
const facts = [
  'project.created',
  'account.created',
  'member.added',
  'quota.updated',
  'robot.created',
  'artifact.pushed',
  'tag.created',
  'label.created',
  'artifact.labeled',
  'artifact.copied',
  'immutable-rule.created',
  'tag.moved',
  'immutable-rule.deleted',
  'artifact.deleted',
  'repository.deleted',
  'robot.deleted',
  'project.deleted',
]

async function factsOf(dataDir: string): Promise<Set<string>> {
  const client = new Client(socketUrl(dataDir))
  await client.connect()
  try {
    const { rows } = await client.query<{ topic: string }>('select distinct topic from outbox limit 1000')
    return new Set(rows.map(({ topic }) => topic))
  } finally {
    await client.end()
  }
}

/** The page's commands without the first block, in which readers fill in values of their own. */
async function commandsOf(page: string): Promise<string[]> {
  const text = await readFile(path.join(root, page), 'utf8')
  return [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, commands]) => commands!).slice(1)
}

test('all commands of the walk with curl work in their order, and print what the page says', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({ dataDir })
  const [image, other] = await Promise.all(['one', 'other'].map((text) => smallImage(path.join(top.dir, text), text)))
  const sources = `image=${image!.source}\nother=${other!.source}\n`
  const filledIn = `at=${marina.host}\nadmin='admin:${marina.password!}'\n${sources}`
  const blocks = await commandsOf('docs/walk.md')
  assert.equal(blocks.length, 7)
  const script = blocks.map((block, place) => `echo; echo "== ${place}"\n${block}`).join('\n')

  const { code, stdout, stderr } = await end(['bash', '-euo', 'pipefail', '-c', filledIn + script], { cwd: top.dir })
  assert.equal(code, 0, `${stdout.slice(-3000)}\n${stderr.slice(-3000)}`)
  const said = stdout.split(/^== \d\n/m).slice(1)
  const inOrder = [
    /^\s*$/,
    /"name":"team"[^]*"entity_name":"dana"[^]*"role_name":"developer"/,
    /"hard":\{"storage":1073741824\}/,
    /"name":"1\.0"/,
    /"labels":\[\{[^]*"name":"checked"/,
    /refused, as it should be/,
    /^\s*$/,
  ]
  inOrder.forEach((wanted, place) => assert.match(said[place]!, wanted, `block ${place}`))
  assert.match(stderr, /immutable/i)

  const told = await factsOf(dataDir)
  for (const fact of facts) assert.ok(told.has(fact), `no ${fact} among ${[...told].join(', ')}`)

  await ask(`${marina.url}/api/v2.0/projects/team`, 404, { headers: basic(marina.password!) })
  await marina.stop()
})
