/** How long a run of the test files still takes, from how long each file took before. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Seconds by test file. */
export type Seconds = Record<string, number>

/**
 * For a first run: what the files that take longest took on two cores, beside other work. A run corrects the estimate
 * by the speed that it has, so that these need to be right among each other only.
 */
const longest: Seconds = {
  'e2e/clients.test.ts': 46,
  'e2e/collection.test.ts': 49,
  'e2e/commands.test.ts': 145,
  'e2e/deploy.test.ts': 225,
  'e2e/engines.test.ts': 26,
  'e2e/faults/checker.test.ts': 165,
  'e2e/faults/damage.test.ts': 40,
  'e2e/faults/kill-loop.test.ts': 240,
  'e2e/faults/resources.test.ts': 138,
  'e2e/faults/stops.test.ts': 117,
  'e2e/faults/told.test.ts': 120,
  'e2e/start.test.ts': 158,
  'server/app/health.test.ts': 40,
  'server/features/access/hostile.test.ts': 73,
  'server/features/access/matrix.test.ts': 101,
  'server/features/artifacts/lists.test.ts': 52,
  'server/features/cache/cache.test.ts': 35,
  'server/features/cache/redis-faults.test.ts': 86,
  'server/features/devcenter/hostile.test.ts': 33,
  'server/features/gc/gc.test.ts': 31,
  'server/features/quotas/quotas.test.ts': 38,
  'server/features/system-artifacts/system-artifacts-s3.test.ts': 73,
  'server/features/webhooks/deliver.test.ts': 65,
  'server/platform/blobs/s3.test.ts': 119,
  'server/platform/cache/peers/peers.test.ts': 58,
  'server/platform/cache/redis.test.ts': 71,
  'server/platform/db/embedded.test.ts': 112,
  'server/platform/jobs/jobs.test.ts': 40,
  'server/registry/edge.test.ts': 36,
  'server/registry/faults.test.ts': 32,
}
/** The median of all other files. */
const usual = 8
/** The speed is taken from the run itself once files that should take this many seconds have ended. */
const enough = 10

/** Reads what the last run noted; nothing where there was none, or where its note is damaged. */
export function readSeconds(file: string): Seconds {
  try {
    const entries = Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>)
    return Object.fromEntries(entries.filter((entry): entry is [string, number] => Number.isFinite(entry[1])))
  } catch {
    return {}
  }
}

/** Notes seconds beside those of the files that did not run this time. Says so where the note cannot be written. */
export function noteSeconds(file: string, seconds: Seconds): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, `${JSON.stringify({ ...readSeconds(file), ...seconds }, null, 1)}\n`)
  } catch (error) {
    console.log(`the times of this run were not noted: ${(error as Error).message}`)
  }
}

type Progress = {
  /** Files that have ended, with the seconds that they took. */
  ended: Seconds
  /** Files that run, with the seconds since they began. */
  running: Seconds
  waiting: string[]
  /** How many files run at a time. */
  lanes: number
  /** What the last run noted. */
  known: Seconds
}

/** Seconds until all files have ended, when this run goes on at the speed that it had so far. */
export function secondsLeft({ ended, running, waiting, lanes, known }: Progress): number {
  const expected = (file: string) => known[file] ?? longest[file] ?? usual
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
  const done = sum(Object.keys(ended).map(expected))
  const slowness = done < enough ? 1 : sum(Object.values(ended)) / done
  const rest = Object.entries(running).map(([file, since]) => Math.max(0, expected(file) * slowness - since))
  const ends = Array.from({ length: Math.max(1, lanes) }, (_, lane) => rest[lane] ?? 0)
  for (const file of waiting) {
    const free = ends.indexOf(Math.min(...ends))
    ends[free]! += expected(file) * slowness
  }
  return Math.max(...ends)
}

/** `less than a minute left`, or whole minutes, rounded up: nobody is sorry when a run ends early. */
export function leftInWords(seconds: number): string {
  return seconds < 60 ? 'less than a minute left' : `about ${Math.ceil(seconds / 60)} min left`
}
