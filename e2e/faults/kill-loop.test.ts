import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, suite, test } from 'node:test'
import { failpoints, fsckOf, openEmbeddedPostgres } from '../../server/testing/faults.ts'
import { killAgainAndAgain, letTheDeadGo, socketUrl, type Kill, type Tally, type Victim } from './kills.ts'
import { killPostgresOf, runMarina } from './marina.ts'
import { openRandom } from './random.ts'

/** MARINA_TEST_KILLS=5000 for a long run, MARINA_TEST_SEED to see one again. */
const kills = Number(process.env['MARINA_TEST_KILLS'] ?? 200)
const seed = Number(process.env['MARINA_TEST_SEED'] ?? Date.now() % 1_000_000)
const onEmbedded = Math.round(kills / 5)
const timeout = kills * 10_000

/** The delay is longer than the checker takes to look for what it pushed last; a killed run is taken up soon. */
const collecting = { MARINA_COLLECT_DELAY: '15s', MARINA_UNDELETE_WINDOW: '0s', MARINA_WORKER_LEASE: '2s' }
const total: Tally = { kills: new Map(), pushes: 0, deletes: 0, violations: [], losses: [] }
const started = performance.now()

suite(`Marina killed ${kills} times under load (seed ${seed})`, () => {
  after(() => say(`summary: ${summary(total)}`))

  test('on a PostgreSQL that lives on, every kill leaves all that was acknowledged and nothing half there', { timeout }, async () => {
    await using folder = await openFolder()
    await using postgres = await openEmbeddedPostgres({ dir: path.join(folder.dir, 'database') })
    const settings = { ...collecting, MARINA_DATA_DIR: folder.dir, MARINA_DATABASE_URL: postgres.url }
    await killAndTell({ ...victimOf(folder.dir, postgres.url, settings), settled: () => letTheDeadGo(postgres.url) }, plan(kills - onEmbedded, false))
  })

  test('with its own PostgreSQL, killed alone or together with it, likewise', { timeout }, async () => {
    await using folder = await openFolder()
    await killAndTell(victimOf(folder.dir, socketUrl(folder.dir), { ...collecting, MARINA_DATA_DIR: folder.dir }), plan(onEmbedded, true))
  })

  test('no failpoint was left out', () => {
    for (const point of failpoints) assert.ok((total.kills.get(point) ?? 0) >= Math.min(5, kills / 40), `${point}: ${total.kills.get(point) ?? 0} kills`)
    assert.ok(sum(total.kills) >= kills, `${sum(total.kills)} kills`)
  })
})

/** Each point in turn at a count that no client chooses; one kill in six at any moment, half of those with PostgreSQL if it can be. */
function* plan(count: number, canKillPostgres: boolean): Generator<Kill> {
  const random = openRandom(seed + (canKillPostgres ? 1 : 0))
  for (let number = 0; number < count; number++) {
    if (number % 6 === 5) yield { point: undefined, count: 0, withPostgres: canKillPostgres && random.chance(0.6) }
    else {
      const point = failpoints[(number - Math.floor(number / 6)) % failpoints.length]!
      yield { point, count: random.int(1, point.startsWith('collect') ? 1 : point.startsWith('delete') || point.startsWith('artifact') ? 3 : 12), withPostgres: canKillPostgres && random.chance(0.2) }
    }
  }
}

function victimOf(dataDir: string, databaseUrl: string, settings: Record<string, string>): Victim {
  return {
    dataDir, databaseUrl, settings, seed,
    settled: async () => {},
    // Sizes each time and every byte now and then; the command itself, beside the running Marina, as an operator would.
    async fsck(isThorough) {
      const { findings } = isThorough ? await fsckCommand(settings) : await fsckOf(databaseUrl, path.join(dataDir, 'storage'), false)
      return { losses: findings.filter(({ kind }) => kind === 'loss').map(({ what }) => what) }
    },
  }
}

async function fsckCommand(settings: Record<string, string>): Promise<{ findings: { kind: string; what: string }[] }> {
  const { code, out, errors } = await runMarina(['fsck', '--json', '--digests'], settings)
  assert.ok(code === 0 || code === 1, `fsck ended with ${code}: ${errors}`)
  return JSON.parse(out) as { findings: { kind: string; what: string }[] }
}

async function killAndTell(victim: Victim, planned: Iterable<Kill>): Promise<void> {
  const before = sum(total.kills)
  const tally = await killAgainAndAgain(victim, planned, (now) => {
    const done = before + sum(now.kills)
    if (done % 20 === 0) say(`${done} kills, ${now.pushes} pushes acknowledged, ${now.violations.length} violations, ${now.losses.length} losses`)
  })
  for (const [how, count] of tally.kills) total.kills.set(how, (total.kills.get(how) ?? 0) + count)
  total.pushes += tally.pushes
  total.deletes += tally.deletes
  total.violations.push(...tally.violations)
  total.losses.push(...tally.losses)
  assert.deepEqual({ violations: tally.violations, losses: tally.losses }, { violations: [], losses: [] }, `seed ${seed}`)
}

function summary({ kills: by, pushes, deletes, violations, losses }: Tally): string {
  const lost = losses.length + violations.filter((one) => one.startsWith('lost')).length
  const half = violations.filter((one) => one.startsWith('half visible')).length
  const each = [...by].sort(([a], [b]) => (a < b ? -1 : 1)).map(([how, count]) => `${how} ${count}`).join(', ')
  return `${sum(by)} kills in ${Math.round((performance.now() - started) / 1000)} s (${each}); ${pushes} pushes and ${deletes} deletes acknowledged; lost ${lost}, half visible ${half}, other violations ${violations.length}`
}

const sum = (counts: Map<string, number>) => counts.values().reduce((all, one) => all + one, 0)
const say = (line: string) => void process.stderr.write(`kill-loop: ${line}\n`)

/** The folder goes away with whatever PostgreSQL a kill left in it. */
async function openFolder(): Promise<{ dir: string } & AsyncDisposable> {
  const dir = await mkdtemp(path.join(tmpdir(), 'marina-kills-'))
  return {
    dir,
    async [Symbol.asyncDispose]() {
      await killPostgresOf(dir)
      await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
}
