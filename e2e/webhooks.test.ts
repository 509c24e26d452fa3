/** The walk of docs/webhooks.md, command by command, as somebody who reads it would run it. */
import assert from 'node:assert/strict'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { smallImage } from './image.ts'
import { end, makeFolder, root, startMarina } from './marina.ts'

/** Of the part that is the walk, but for the first block, in which the reader fills in what is his. */
async function commands(): Promise<string[]> {
  const text = await readFile(path.join(root, 'docs/webhooks.md'), 'utf8')
  return [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block]) => block!).slice(1)
}

/** The line that is a list of the audit log. */
const entriesIn = (said: string) =>
  JSON.parse(said.split('\n').find((line) => line.startsWith('[{') && line.includes('op_time'))!) as Record<
    string,
    unknown
  >[]

test('a newcomer sees a signed delivery for a push of skopeo, redelivers it, watches a failing target back off and recover, and finds every step in the audit log', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({ dataDir, env: { MARINA_OUTBOUND_ALLOW: '127.0.0.0/8' } })
  const image = await smallImage(path.join(top.dir, 'one'), 'one')
  const filledIn = `at=${marina.host}\nadmin='admin:${marina.password!}'\nimage=${image.source}\ntrap 'kill $receiver' EXIT\n`
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
  // What came from the log, at least: the receiver keeps what it gets, a signature too, but never the secret.
  assert.doesNotMatch(stdout, /a-secret-that-only/)
})
