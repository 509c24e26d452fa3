/** The walk in docs/webhooks.md, command by command, as a reader would run it. */
import assert from 'node:assert/strict'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { smallImage } from './image.ts'
import { end, makeFolder, root, startMarina } from './marina.ts'

/** The page's commands without the first block, in which readers fill in values of their own. */
async function commands(): Promise<string[]> {
  const text = await readFile(path.join(root, 'docs/webhooks.md'), 'utf8')
  return [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block]) => block!).slice(1)
}

/** The audit log's entries in the output of a command. */
const entriesIn = (said: string) =>
  JSON.parse(said.split('\n').find((line) => line.startsWith('[{') && line.includes('op_time'))!) as Record<
    string,
    unknown
  >[]

test('a newcomer sees signed deliveries, a redelivery, a failing target, and all of it in the audit log', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({ dataDir, env: { MARINA_OUTBOUND_ALLOW: '127.0.0.0/8' } })
  const image = await smallImage(path.join(top.dir, 'one'), 'one')
  const variables = `at=${marina.host}\nadmin='admin:${marina.password!}'\nimage=${image.source}\n`
  const filledIn = `${variables}trap 'kill $receiver' EXIT\n`
  const blocks = await commands()
  assert.equal(blocks.length, 8)
  const script = blocks.map((block, place) => `echo; echo "== ${place}"\n${block}`).join('\n')
  const { code, stdout, stderr } = await end(
    ['timeout', '60', 'bash', '-euo', 'pipefail', '-c', `${filledIn}${script}\ntrap - EXIT`],
    { cwd: top.dir },
  )
  assert.equal(code, 0, `${stdout.slice(-3000)}\n${stderr.slice(-3000)}`)

  const said = stdout.split(/^== \d\n/m).slice(1)
  assert.match(said[1]!, /"name":"my-first"[^]*"secret":"\*{6}"/)
  assert.match(said[2]!, /"marina-signature":"t=\d+,v1=[0-9a-f]{64}"[^]*PUSH_ARTIFACT[^]*library\/hooked:1\.0/)
  const [first, second, ...more] = said[3]!.match(/"marina-event-id":"[^"]+"/g)!
  assert.deepEqual([second, more], [first, []])
  const ofEvent = entriesIn(said[4]!)
  assert.deepEqual(
    ofEvent.map(({ username, operation, resource, operation_result: isWell }) => [
      username,
      operation,
      resource,
      isWell,
    ]),
    [
      ['admin', 'create', 'library/hooked:1.0', true],
      ['admin', 'repeat', 'my-first', true],
    ],
  )
  assert.ok(
    ofEvent.every(
      (one) =>
        `"marina-event-id":"${String(one.event_id)}"` === first && one.request_id && one.client_address === '127.0.0.1',
    ),
    said[4],
  )
  assert.match(said[5]!, /"resting_until"[^]*try 1: answered with 503[^]*try \d: answered with 200[^]*delivered/)
  assert.deepEqual(
    entriesIn(said[5]!).map(({ username, operation, operation_result: isWell }) => [username, operation, isWell]),
    [
      ['marina', 'fail', false],
      ['marina', 'recover', true],
    ],
  )
  assert.match(said[6]!, /"executions":\[\d+\][^]*"status":"Pending"/)
  assert.deepEqual(said[7]!.match(/(?<="operation_description":")[^"]+/g), [
    'create webhook policy: my-first',
    'repeat webhook delivery: my-first',
    'a target of webhook policy my-first fails and is left to rest: answered with 503',
    'a target of webhook policy my-first takes deliveries again',
    'pause webhook target: my-first',
    'test webhook policy: my-first',
    'resume webhook target: my-first',
    'update webhook policy: my-first (eventTypes)',
    'delete webhook policy: my-first',
  ])
  // The output shows deliveries with their signatures, but never the secret.
  assert.doesNotMatch(stdout, /a-secret-that-only/)
})
