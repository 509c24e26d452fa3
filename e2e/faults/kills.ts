import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client as Database } from 'pg'
import { checkAfterCrash } from './check.ts'
import { bearer, Cut } from './client.ts'
import { openHistory, type History } from './history.ts'
import { blobOf } from './image.ts'
import { repositories, startLoad } from './load.ts'
import { killPostgresOf, startMarina, type Running } from './marina.ts'
import { openRandom, type Random } from './random.ts'

export type Kill = { point: string | undefined; count: number; withPostgres?: boolean }

/** A Marina that is killed and restarted repeatedly. */
export type Victim = {
  dataDir: string
  databaseUrl: string
  settings: Record<string, string>
  seed: number
  fsck(isLast: boolean): Promise<{ losses: string[] }>
  /** Resolves when the sessions of a killed Marina have ended: until then they may still commit. */
  settled(): Promise<void>
  /** Given when the caller needs the clients' history afterwards. */
  history?: History
}

export type Tally = {
  kills: Map<string, number>
  pushes: number
  deletes: number
  violations: string[]
  losses: string[]
}

/** A failpoint that is not reached within this time, in ms, is replaced by a plain SIGKILL. */
const patience = 4_000

/** For each kill: starts, loads, kills and checks. At the end it checks everything that was ever pushed. */
export async function killAgainAndAgain(
  victim: Victim,
  kills: Iterable<Kill>,
  onKill: (tally: Tally) => void,
): Promise<Tally> {
  const random = openRandom(victim.seed)
  const history = victim.history ?? openHistory()
  const shared = Array.from({ length: 6 }, () => blobOf(random.bytes(2048)))
  const tally: Tally = { kills: new Map(), pushes: 0, deletes: 0, violations: history.violations, losses: [] }
  let authorization: string | undefined
  let since = 0
  let number = 0
  const check = async (marina: Running, everything: boolean) => {
    if (!authorization || performance.now() - since > 10 * 60_000) {
      authorization = await bearer(marina.port, repositories)
      since = performance.now()
    }
    await verify(victim, marina.port, authorization, history, tally, everything)
    return authorization
  }
  for (const kill of kills) {
    const armed: Record<string, string> = kill.point ? { MARINA_FAILPOINTS: `${kill.point}=${kill.count}` } : {}
    const marina = await startMarina({ settings: { ...victim.settings, ...armed } })
    try {
      const token = await check(marina, number % 20 === 0).catch(onlyCut)
      // The check resumes uploads and passes failpoints, too. When that kills Marina, the next start checks again.
      const load = token
        ? startLoad({
            port: marina.port,
            authorization: token,
            seed: victim.seed + number,
            history,
            shared,
            deletesMore: /delete|dropped|collect/.test(kill.point ?? ''),
            collects: kill.point?.startsWith('collect') ?? false,
          })
        : undefined
      const how = await end(marina, kill, random)
      await load?.ended
      if (kill.withPostgres) await killPostgresOf(victim.dataDir)
      if (kill.withPostgres) for (const upload of history.uploads) upload.mayBeLost = true
      await victim.settled()
      tally.kills.set(how, (tally.kills.get(how) ?? 0) + 1)
      number++
    } finally {
      await marina.kill()
    }
    Object.assign(tally, history.acknowledged())
    onKill(tally)
    if (history.violations.length + tally.losses.length > 0) return tally
  }
  const last = await startMarina({ settings: victim.settings })
  try {
    await check(last, true)
  } finally {
    await last.stop()
  }
  return Object.assign(tally, history.acknowledged())
}

function onlyCut(error: unknown): undefined {
  if (!(error instanceof Cut)) throw error
}

/** Waits for the armed failpoint, or kills at a random moment. Returns the kind of kill. */
async function end(marina: Running, kill: Kill, random: Random): Promise<string> {
  const wait = kill.point ? patience : random.int(5, 500)
  await Promise.race([marina.ended, sleep(wait, undefined, { ref: false })])
  const isByPoint = marina.hasEnded()
  const { code, signal } = await marina.kill()
  if (signal !== 'SIGKILL') throw new Error(`Marina ended by itself with ${signal ?? code}: ${marina.said()}`)
  return isByPoint && kill.point ? kill.point : kill.withPostgres ? 'SIGKILL of Marina and PostgreSQL' : 'SIGKILL'
}

async function verify(
  victim: Victim,
  port: number,
  authorization: string,
  history: History,
  tally: Tally,
  everything: boolean,
): Promise<void> {
  const database = new Database(victim.databaseUrl)
  await database.connect()
  try {
    await checkAfterCrash({ port, authorization, history, database, everything })
  } finally {
    await database.end()
  }
  const { losses } = await victim.fsck(everything)
  tally.losses.push(...losses)
}

export function socketUrl(dataDir: string): string {
  return `postgresql://marina@localhost/marina?host=${encodeURIComponent(path.join(dataDir, 'postgres', 'run'))}`
}

/**
 * Waits until the sessions of the killed Marina have ended. Its holds would last on, since other processes could be
 * alive: 5 s its lease on the cache, 30 s its claims on uploads, and a try's timeout and 30 s its holds on targets of
 * webhooks. This ends them at once.
 */
export async function letTheDeadGo(url: string): Promise<void> {
  const client = new Database(url)
  await client.connect()
  try {
    for (let tries = 0; tries < 1000; tries++) {
      const { rowCount } = await client.query(`select 1 from pg_stat_activity where application_name = 'marina'`)
      if (rowCount === 0)
        return void (await client.query(`
        delete from replica;
        update worker_pool set heartbeat_at = heartbeat_at - interval '1 minute';
        update upload set claimed_at = claimed_at - interval '31 seconds' where claim is not null;
        update webhook_target set held_until = clock_timestamp() where held_by is not null`))
      await sleep(10)
    }
    throw new Error('sessions of the killed Marina do not end')
  } finally {
    await client.end()
  }
}
