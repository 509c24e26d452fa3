import { randomBytes } from 'node:crypto'
import { startMarina } from '../registries.ts'
import type { Row, Scenario } from '../scenario.ts'
import { account, ask, makeProject, post, pushImage, type Side } from './replication.ts'

/** Pushes of one round. */
const pushes = 10
/** Longer than this nobody waits, in ms. */
const longestMs = 60_000

export const replicationEvent: Scenario = {
  name: 'replication-event',
  says: 'from the push of a small image to its tag at a second Marina, by a policy with events',
  async run({ scratch, rounds, say }): Promise<Row[]> {
    const more = { MARINA_OUTBOUND_ALLOW: '127.0.0.1' }
    const [one, two] = [
      await startMarina(scratch, more),
      await startMarina(scratch, { ...more, MARINA_DATA_DIR: scratch.path('other') }),
    ]
    const here: Side = { port: one.port, type: 'harbor', account }
    const there: Side = { port: two.port, type: 'harbor', account }
    await makeProject(here, 'told')
    await follow(here, there)
    const longest: number[] = []
    for (let round = 1; round <= rounds; round++) {
      const seconds: number[] = []
      for (let at = 0; at < pushes; at++) seconds.push(await timeOf(here, there, `r${round}-${at}`))
      longest.push(Math.max(...seconds))
      say(`round ${round} of ${rounds}: longest ${longest.at(-1)!.toFixed(2)} s`)
    }
    return [{ what: 'longest time from push to copy, of 10', unit: 's', ours: longest, target: { most: 5 } }]
  },
}

async function follow(here: Side, there: Side): Promise<void> {
  const [username, password] = account.split(':')
  const endpoint = await post(here, '/registries', {
    name: 'there',
    type: 'harbor',
    url: `http://127.0.0.1:${there.port}`,
    credential: { type: 'basic', access_key: username, access_secret: password },
  })
  await post(here, '/replication/policies', {
    name: 'told',
    enabled: true,
    override: true,
    trigger: { type: 'event_based' },
    dest_registry: { id: endpoint },
    filters: [{ type: 'name', value: 'told/**' }],
  })
}

/** Seconds from the answer to the push until the tag is at the other side. */
async function timeOf(here: Side, there: Side, tag: string): Promise<number> {
  await pushImage(here, 'told/app', [tag], [randomBytes(4096)])
  const started = performance.now()
  for (;;) {
    const { status } = await ask(there, 'HEAD', `/v2/told/app/manifests/${tag}`, undefined, [200, 401, 404])
    const ms = performance.now() - started
    if (status === 200) return ms / 1000
    if (ms > longestMs) throw new Error(`${tag} has not come after ${longestMs / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
