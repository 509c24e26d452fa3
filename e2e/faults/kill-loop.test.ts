import assert from 'node:assert/strict'
import path from 'node:path'
import { after, suite, test } from 'node:test'
import { parseArgs } from 'node:util'
import { failpoints, fsckOf, openEmbeddedPostgres } from '../../server/testing/faults.ts'
import { killAgainAndAgain, letTheDeadGo, socketUrl, type Kill, type Tally, type Victim } from './kills.ts'
import { loseUnsynced } from './lost-files.ts'
import { runMarina } from './marina.ts'
import { openRandom, type Random } from './random.ts'
import { openFolder } from './scene.ts'

/** For a long run, or to repeat one: `npm run kills -- --kills 1600 --seed 912570`. */
const { values } = parseArgs({ options: { kills: { type: 'string', default: '60' }, seed: { type: 'string' } } })
const kills = Number(values.kills)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
/** The kills of a Marina with its own PostgreSQL: 15 of 60 use each case of `planWithPostgres` once. */
const onEmbedded = Math.round(kills / 4)
const timeout = kills * 20_000

/** The delay outlasts a check of the latest pushes; with a short lease, a killed collection is soon taken up again. */
const collecting = { MARINA_COLLECT_DELAY: '15s', MARINA_UNDELETE_WINDOW: '0s', MARINA_WORKER_LEASE: '2s' }
/** Files are synced in each round of 5 s, so that kills meet those that are and those that are not. */
const syncing = { MARINA_STORAGE_UNSYNCED_DELAY: '0s' }
/** This load scans nothing and masks no names: e2e/sbom, scan and vulndb and features/audit/masking kill there. */
const points = failpoints.filter((point) => !/^(?:sbom|report|vulndb|masking)\./.test(point))
const total: Tally = { kills: new Map(), pushes: 0, deletes: 0, violations: [], losses: [] }
const started = performance.now()

suite(`Marina killed ${kills} times under load (again: npm run kills -- --kills ${kills} --seed ${seed})`, () => {
  say(`seed ${seed}`)
  after(() => say(`summary: seed ${seed}, ${summary(total)}`))

  test(
    'F01..F10, F18, F34: Marina is killed, unsynced files are lost, PostgreSQL goes on: what was acknowledged is left',
    { timeout },
    async () => {
      await using folder = await openFolder()
      await using postgres = await openEmbeddedPostgres({ dir: path.join(folder.dir, 'database') })
      const settings = { ...collecting, ...syncing, MARINA_DATA_DIR: folder.dir, MARINA_DATABASE_URL: postgres.url }
      const random = openRandom(seed + 2)
      let lost = 0
      const victim = victimOf(folder.dir, postgres.url, settings)
      const settled = async () => {
        await letTheDeadGo(postgres.url)
        lost += await loseUnsynced(postgres.url, folder.dir, random)
      }
      await killAndTell({ ...victim, settled }, plan(kills - onEmbedded))
      say(`${lost} unsynced files were lost`)
      assert.ok(lost >= Math.floor(kills / 60), `${lost} files were lost`)
    },
  )

  test('F01..F10: Marina is killed with its PostgreSQL or alone: the same holds', { timeout }, async () => {
    await using folder = await openFolder()
    const settings = { ...collecting, MARINA_DATA_DIR: folder.dir }
    await killAndTell(victimOf(folder.dir, socketUrl(folder.dir), settings), planWithPostgres(onEmbedded))
  })

  test('no kind of kill was left out', () => {
    // With fewer than 60 kills, some kinds are left out.
    const wanted = Math.floor(kills / 60)
    for (const kind of [...points, 'SIGKILL', 'SIGKILL of Marina and PostgreSQL']) {
      assert.ok((total.kills.get(kind) ?? 0) >= wanted, `${kind}: ${total.kills.get(kind) ?? 0} kills of ${wanted}`)
    }
    assert.ok(sum(total.kills) >= kills, `${sum(total.kills)} kills`)
  })
})

/** Kills at each failpoint in turn, after a random number of passes; every sixth kill comes at a random moment. */
function* plan(count: number): Generator<Kill> {
  const random = openRandom(seed)
  for (let number = 0; number < count; number++) {
    if (number % 6 === 5) yield { point: undefined, count: 0, withPostgres: false }
    else yield { ...atPoint(number - Math.floor(number / 6), random), withPostgres: false }
  }
}

/**
 * Kills at failpoints, and every fifth at a random moment. Two in three of these, and one in four of the others, kill
 * PostgreSQL as well.
 */
function* planWithPostgres(count: number): Generator<Kill> {
  const random = openRandom(seed + 1)
  for (let number = 0; number < count; number++) {
    const turn = Math.floor(number / 5)
    if (number % 5 === 4) yield { point: undefined, count: 0, withPostgres: turn % 3 !== 1 }
    else yield { ...atPoint(number - turn, random), withPostgres: (number - turn) % 4 === turn % 4 }
  }
}

function atPoint(turn: number, random: Random): { point: string; count: number } {
  const point = points[turn % points.length]!
  const most = point.startsWith('collect') ? 1 : /^(?:delete|artifact)/.test(point) ? 3 : 12
  return { point, count: random.int(1, most) }
}

function victimOf(dataDir: string, databaseUrl: string, settings: Record<string, string>): Victim {
  return {
    dataDir,
    databaseUrl,
    settings,
    seed,
    settled: async () => {},
    // Compares sizes after each kill, and now and then every byte with the real command, beside the running Marina.
    async fsck(isThorough) {
      const { findings } = isThorough
        ? await fsckCommand(settings)
        : await fsckOf(databaseUrl, path.join(dataDir, 'storage'), false)
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
    if (done % 20 === 0)
      say(
        `${done} kills, ${now.pushes} pushes acknowledged, ` +
          `${now.violations.length} violations, ${now.losses.length} losses`,
      )
  })
  for (const [how, count] of tally.kills) total.kills.set(how, (total.kills.get(how) ?? 0) + count)
  total.pushes += tally.pushes
  total.deletes += tally.deletes
  total.violations.push(...tally.violations)
  total.losses.push(...tally.losses)
  assert.deepEqual(
    { violations: tally.violations, losses: tally.losses },
    { violations: [], losses: [] },
    `seed ${seed}`,
  )
}

function summary({ kills: by, pushes, deletes, violations, losses }: Tally): string {
  const lost = losses.length + violations.filter((one) => one.startsWith('lost')).length
  const half = violations.filter((one) => one.startsWith('half visible')).length
  const each = [...by]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([how, count]) => `${how} ${count}`)
    .join(', ')
  const seconds = Math.round((performance.now() - started) / 1000)
  return (
    `${sum(by)} kills in ${seconds} s (${each}); ${pushes} pushes and ${deletes} deletes acknowledged; ` +
    `lost ${lost}, half visible ${half}, other violations ${violations.length}`
  )
}

const sum = (counts: Map<string, number>) => counts.values().reduce((all, one) => all + one, 0)

function say(line: string): void {
  process.stderr.write(`kill-loop: ${line}\n`)
}
