import assert from 'node:assert/strict'
import path from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client as Database } from 'pg'
import { openEmbeddedPostgres } from '../../server/testing/faults.ts'
import { openReceiver, type Received } from '../../server/testing/receiver.ts'
import { basic, openClient } from './client.ts'
import { openHistory, type History } from './history.ts'
import { killAgainAndAgain, letTheDeadGo, type Kill } from './kills.ts'
import { startMarina } from './marina.ts'
import { openRandom } from './random.ts'
import { openFolder } from './scene.ts'
import { checkTold } from './told.ts'

/** MARINA_TEST_PUSH_KILLS=500 for a long run, MARINA_TEST_SEED to repeat one. */
const kills = Number(process.env['MARINA_TEST_PUSH_KILLS'] ?? 15)
const seed = Number(process.env['MARINA_TEST_SEED'] ?? Date.now() % 1_000_000)
const secret = 'what-only-marina-and-we-know'
const say = (line: string) => void process.stderr.write(`told: ${line}\n`)

/** Failpoints between a change and its fact, between the commit and the answer; undefined: any moment. */
const points = [
  'manifest.saved',
  'tag.moved',
  'manifest.committed',
  undefined,
  'artifact.dropped',
  'manifest.committed',
] as const

type Scene = { database: Database; received: Received[]; history: History }

suite(`F07: Marina killed ${kills} times at the push door, with a receiver of webhooks (seed ${seed})`, () => {
  test(
    'every acknowledged push, and no other, has one entry in the audit log and reaches the receiver',
    { timeout: 60_000 + kills * 10_000 },
    async (t) => {
      await using folder = await openFolder()
      await using postgres = await openEmbeddedPostgres({ dir: path.join(folder.dir, 'database') })
      await using receiver = await openReceiver()
      const random = openRandom(seed)
      // The receiver fails now and then, so that kills also hit deliveries that wait for a retry.
      receiver.answer(() => ({ status: random.chance(0.1) ? 500 : 200 }))
      const settings = {
        MARINA_DATA_DIR: folder.dir,
        MARINA_DATABASE_URL: postgres.url,
        MARINA_OUTBOUND_ALLOW: '127.0.0.0/8',
        MARINA_WEBHOOK_TRIES: '20',
        MARINA_WEBHOOK_PAUSE_AFTER: '10000',
        MARINA_WEBHOOK_BACK_OFF: '10ms',
        MARINA_WEBHOOK_BACK_OFF_MOST: '100ms',
      }
      await createPolicy(settings, receiver.url)
      const history = openHistory()
      const {
        violations,
        kills: by,
        pushes,
        deletes,
      } = await killAgainAndAgain(
        {
          dataDir: folder.dir,
          databaseUrl: postgres.url,
          settings,
          seed,
          history,
          fsck: async () => ({ losses: [] }),
          settled: () => letTheDeadGo(postgres.url),
        },
        plan(),
        () => {},
      )
      assert.deepEqual(violations, [], `seed ${seed}`)
      const database = new Database(postgres.url)
      await database.connect()
      try {
        const scene = { database, received: receiver.received, history }
        await using _last = await startMarina({ settings })
        assert.deepEqual(await told(scene), [], `seed ${seed}`)
        say(
          `seed ${seed}: ${[...by].map(([how, count]) => `${how} ${count}`).join(', ')}; ${pushes} pushes and ` +
            `${deletes} deletes acknowledged; ${receiver.received.length} deliveries came`,
        )
        assert.ok(pushes > kills && receiver.received.length >= pushes, 'there was something to tell')
        for (const [what, harm, problem] of mutations) {
          await t.test(`the check sees that ${what}`, async () => {
            const undo = await harm(scene)
            assert.match((await told(scene)).join('\n'), problem)
            await undo()
            assert.deepEqual(await told(scene), [], 'and nothing else is wrong')
          })
        }
      } finally {
        await database.end()
      }
    },
  )
})

function* plan(): Generator<Kill> {
  const random = openRandom(seed)
  for (let number = 0; number < kills; number++)
    yield {
      point: points[number % points.length],
      count: random.int(1, points[number % points.length] === 'artifact.dropped' ? 2 : 10),
    }
}

async function createPolicy(settings: Record<string, string>, address: string): Promise<void> {
  await using marina = await startMarina({ settings })
  using client = openClient(marina.port, basic())
  const body = Buffer.from(
    JSON.stringify({
      name: 'all',
      event_types: ['PUSH_ARTIFACT', 'DELETE_ARTIFACT'],
      targets: [{ type: 'http', address, secret }],
    }),
  )
  const { status, body: said } = await client.ask('POST', '/api/v2.0/projects/library/webhook/policies', {
    headers: { 'content-type': 'application/json' },
    body,
  })
  assert.equal(status, 201, said.toString())
}

/** Waits until no fact and no delivery is pending, then returns the problems. */
async function told({ database, received, history }: Scene): Promise<string[]> {
  for (const end = performance.now() + 60_000; !(await isQuiet(database)); await sleep(50))
    assert.ok(performance.now() < end, 'after a minute facts or deliveries are still pending')
  return checkTold(database, history, received, secret)
}

async function isQuiet(database: Database): Promise<boolean> {
  const { rowCount } = await database.query(`
    select from event_place
    where until is not null or exists (
      select from outbox where xid >= pg_snapshot_xmin(seen) and not pg_visible_in_snapshot(xid, seen))
    union all select from webhook_delivery where status = 'Pending' limit 1`)
  return rowCount === 0
}

/** What a defect in Marina could leave. Each mutation returns a function that undoes it. */
type Mutation = [what: string, harm: (scene: Scene) => Promise<() => Promise<unknown>>, problem: RegExp]

const made = 'sha256:00000000000000000000000000000000000000000000000000000000000000ff'
const anyPush = `(select min(id) from audit_log where operation = 'create' and resource_type = 'artifact')`

const mutations: Mutation[] = [
  [
    'an entry of the log is missing',
    async ({ database }) => {
      await database.query(`create table kept as select * from audit_log where id = ${anyPush}`)
      await database.query('delete from audit_log where id in (select id from kept)')
      return () => database.query('insert into audit_log select * from kept; drop table kept')
    },
    /^audit: create .* has \d+ entries/m,
  ],
  [
    'an entry stands twice',
    async ({ database }) => {
      await database.query(
        `insert into audit_log select (jsonb_populate_record(one, '{"id": 99999999}')).*
        from audit_log one where id = ${anyPush}`,
      )
      return () => database.query('delete from audit_log where id = 99999999')
    },
    /entries with the same event id/,
  ],
  [
    'a fact tells of a push that never was',
    async ({ database, received }) => {
      const before = received.length
      await database.query(
        `insert into outbox (topic, payload)
        select topic, jsonb_set(payload, '{digest}', to_jsonb($1::text))
        from outbox where topic = 'artifact.pushed' order by id limit 1`,
        [made],
      )
      return async () => {
        received.splice(before)
        await database.query(
          `delete from outbox where payload->>'digest' = '${made}';
          delete from audit_log where details->>'digest' = '${made}'`,
        )
      }
    },
    new RegExp(`^audit: create .*@${made} has 1 entries; 0 were acknowledged, 0 begun`, 'm'),
  ],
  [
    'a delivery never came',
    async ({ received }) => {
      const last = received.at(-1)!.headers['marina-event-id']
      const kept = [...received]
      received.splice(0, received.length, ...kept.filter(({ headers }) => headers['marina-event-id'] !== last))
      return async () => received.splice(0, received.length, ...kept)
    },
    /^webhooks: nobody heard of /m,
  ],
  [
    'a delivery came again under another id',
    async ({ database, received }) => {
      const before = received.length
      await database.query(`
      insert into webhook_delivery (
        policy_id, target_id, notify_type, event_type, event_id, ordered_by, trigger, content_type, body)
      select policy_id, target_id, notify_type, event_type, gen_random_uuid(), ordered_by, 'MANUAL', content_type, body
      from webhook_delivery order by id limit 1`)
      return async () => received.splice(before)
    },
    /was told as event .*, which is not in the log/,
  ],
]
