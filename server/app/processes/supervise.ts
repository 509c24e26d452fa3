import { join } from 'node:path'
import type { Config } from '../../config/config.ts'
import { openEmbeddedPostgres, type EmbeddedPostgres } from '../../platform/db/embedded.ts'
import type { Log } from '../../platform/observe/log.ts'
import { seldom } from '../../platform/observe/seldom.ts'
import { Keeper } from '../../platform/processes/keeper.ts'
import { namingSettings } from '../ports.ts'
import type { Marina } from '../serve.ts'
import { startChild, type Child } from './child.ts'
import { settingsOfOne } from './count.ts'
import { openDemand } from './demand.ts'
import { openPage, type Page, type Source } from './figures.ts'
import type { Figures, Seat } from './seat.ts'

/** What `marina serve` shows and waits for, whether one process serves or several. */
export type Serving = Pick<Marina, 'port' | 'metricsPort' | 'database' | 'firstPassword' | 'failed' | 'close'>

/** A question to a serving process waits this long for its answer, in ms. */
const answerMs = 1000
/** What a process may take beyond the drain time to end its jobs and to flush, in ms; then it is killed. */
const stopSlackMs = 15_000
const settleEveryMs = 5000

/**
 * Marina as several serving processes that share the port, with one PostgreSQL, one page of metrics, and this process
 * to replace those that end. The argument is in docs/decisions/0027-processes.md.
 */
export async function supervise(
  config: Config,
  log: Log,
  counts: { most: number; least: number },
  signal: AbortSignal,
): Promise<Serving> {
  await using opened = new AsyncDisposableStack()
  // Its code loads while PostgreSQL starts.
  const fleet = new Fleet(config, log, counts, signal)
  opened.defer(() => fleet.close())
  const postgres = config.database.url === undefined ? await openPostgres(config, log, signal) : undefined
  if (postgres) opened.defer(() => postgres.stop())
  // Closed in this order: the fleet first, while PostgreSQL still runs.
  opened.defer(() => fleet.close())
  const { port, firstPassword } = await fleet.begin(postgres?.url ?? config.database.url!, postgres !== undefined)
  const metricsPort = await openMetricsPort(config, fleet.page, opened)
  const kept = opened.move()
  return {
    port,
    metricsPort,
    firstPassword,
    database: postgres ? 'embedded' : 'external',
    failed: failureOf(postgres),
    close: () => kept.disposeAsync(),
  }
}

const openPostgres = ({ server: { dataDir }, database: { bufferBytes } }: Config, log: Log, signal: AbortSignal) =>
  openEmbeddedPostgres({
    dir: join(dataDir, 'postgres'),
    log: (line) => log.debug({ from: 'postgres' }, line),
    bufferBytes,
    signal,
  })

/** Resolves when the embedded PostgreSQL ends unasked; never with an external one. */
async function failureOf(postgres: EmbeddedPostgres | undefined): Promise<string> {
  const exit = await postgres?.exited
  if (!exit || exit.isWanted) return new Promise<never>(() => {})
  return `PostgreSQL stopped: ${exit.reason}`
}

async function openMetricsPort(
  { metrics: { port, host } }: Config,
  page: Page,
  opened: AsyncDisposableStack,
): Promise<number | undefined> {
  if (port === 'off') return undefined
  // Loaded only here: Node's HTTP takes 4 MiB in a process that needs it for nothing else.
  const { serveMetrics } = await import('../../platform/observe/serve-metrics.ts')
  const naming = namingSettings(port, 'MARINA_METRICS_PORT', host, 'MARINA_METRICS_HOST')
  const measured = await serveMetrics(page, port, host).catch(naming)
  opened.defer(() => measured.close())
  return measured.port
}

/** A serving process as the fleet knows it. */
type Member = Child & Source

/** All serving processes. The first is the lead: it also runs jobs, sweeps and reactions. */
class Fleet {
  readonly page: Page
  readonly #config: Config
  readonly #log: Log
  readonly #counts: { most: number; least: number }
  readonly #signal: AbortSignal
  readonly #demand: ReturnType<typeof openDemand>
  readonly #keepers: Keeper<Member>[] = []
  /** Loads its code from the beginning of the start on; the first keeper takes it. */
  #early: Member | undefined
  #settings: Config | undefined
  #port: number | undefined
  #firstPassword: string | undefined
  #isFresh = false
  /** Processes that ended unasked. */
  #lost = 0
  /** Leases of such processes, until a living one has been told. */
  #leases: string[] = []
  #ticking: NodeJS.Timeout | undefined
  #retiring: Promise<void> = Promise.resolve()
  #closed: Promise<void> | undefined

  constructor(config: Config, log: Log, counts: { most: number; least: number }, signal: AbortSignal) {
    this.#config = config
    this.#log = log
    this.#counts = counts
    this.#signal = signal
    this.#demand = openDemand(counts)
    const onTrouble = seldom((reason, heldBack) => log.warn({ reason, heldBack }, 'metrics of a process are missing'))
    this.page = openPage({ sources: () => this.#members(), own: () => this.#figures(), onTrouble })
    this.#early = this.#open(0)
  }

  /** Starts the lead, then the others. Rejects when the lead cannot start. */
  async begin(databaseUrl: string, isFresh: boolean): Promise<{ port: number; firstPassword: string | undefined }> {
    this.#settings = settingsOfOne(this.#config, this.#counts.most, databaseUrl)
    this.#isFresh = isFresh
    const lead = this.#add()
    await lead.begin()
    for (let place = 1; place < this.#counts.least; place++) this.#add().beginLater()
    this.#ticking = setInterval(() => this.#settle(), settleEveryMs)
    return { port: this.#port!, firstPassword: this.#firstPassword }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    clearInterval(this.#ticking)
    this.#early?.kill()
    await Promise.all([this.#retiring, ...this.#keepers.map((one) => one.stop())])
  }

  #add(): Keeper<Member> {
    const place = this.#keepers.length
    const keeper = new Keeper<Member>({
      start: () => this.#start(place),
      onReady: (member) => this.#joined(member),
      onEnded: (member, how) => this.#left(member, how),
      onFailed: (error) => this.#log.error({ reason: (error as Error).message }, 'a serving process did not start'),
    })
    this.#keepers.push(keeper)
    return keeper
  }

  #open(place: number): Member {
    const child = startChild({
      stopMs: this.#config.limits.drainMs + stopSlackMs,
      onAsked: (question) => this.#ask(question),
      onLoad: (part) => void (this.#demand.note(place, part, performance.now()) && this.#add().beginLater()),
      onTold: (subject) => this.#keepers[0]?.process?.line.tell({ kind: 'told', subject }),
    })
    return { ...child, ask: async () => (await child.line.ask('figures', answerMs)) as Figures }
  }

  async #start(place: number): Promise<Member> {
    this.#signal.throwIfAborted()
    const member = this.#early ?? this.#open(place)
    this.#early = undefined
    const isFirst = this.#port === undefined
    const seat: Omit<Seat, 'siblings'> = {
      isLead: place === 0,
      isFirst,
      isFreshDatabase: isFirst && this.#isFresh,
      shared: { port: this.#port },
    }
    // A start that is given up ends the process like any other stop.
    const giveUp = () => member.line.tell({ kind: 'stop' })
    this.#signal.addEventListener('abort', giveUp, { once: true })
    try {
      const { port, firstPassword } = await member.serve({ kind: 'start', config: this.#settings!, seat })
      this.#port = port
      this.#firstPassword ??= firstPassword
      return member
    } catch (error) {
      await member.exited
      this.#signal.throwIfAborted()
      throw error
    } finally {
      this.#signal.removeEventListener('abort', giveUp)
    }
  }

  #joined(member: Member): void {
    const running = this.#members()
    this.#endLeases()
    this.#tellWellness()
    // Clients with open connections would never meet the newcomer.
    for (const one of running) if (one !== member) one.line.tell({ kind: 'spread', part: 1 / running.length })
  }

  #left(member: Member, how: string): void {
    this.#lost++
    const lease = member.lease()
    if (lease !== undefined) this.#leases.push(lease)
    this.#endLeases()
    this.page.ended(member, member.lastFigures())
    this.#log.error({ process: member.pid, reason: how }, 'a serving process has ended and is replaced')
    this.#tellWellness()
  }

  /** Has a living process end the leases of dead ones, for which pushes would wait. */
  #endLeases(): void {
    const [living] = this.#members()
    if (living) for (const lease of this.#leases.splice(0)) living.line.tell({ kind: 'lost', lease })
  }

  /** Ends the last process after five quiet minutes; looks whether replacements go well. */
  #settle(): void {
    this.#tellWellness()
    if (!this.#demand.settle(performance.now())) return
    const keeper = this.#keepers.pop()!
    const member = keeper.process
    this.#retiring = keeper.stop().then(() => member && this.page.ended(member, member.lastFigures()))
  }

  #members(): Member[] {
    return this.#keepers.flatMap(({ process }) => process ?? [])
  }

  #tellWellness(): void {
    const isWell = this.#keepers.every((one) => one.isWell)
    for (const { line } of this.#members()) line.tell({ kind: 'wellness', isWell })
  }

  /** What one process asks about another: only about the lead, so far. */
  async #ask(question: string): Promise<unknown> {
    const lead = this.#keepers[0]?.process
    if (!lead) throw new Error('the lead is being replaced')
    return lead.line.ask(question, answerMs)
  }

  #figures(): Figures {
    const figure = (name: string, type: string, help: string, value: number) => ({
      name,
      help,
      type,
      aggregator: 'sum',
      values: [{ value, labels: {} }],
    })
    return [
      figure('marina_processes', 'gauge', 'Processes that answer requests', this.#members().length),
      figure('marina_processes_lost_total', 'counter', 'Serving processes that ended unasked', this.#lost),
    ]
  }
}
