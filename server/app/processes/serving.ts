/** The entry of a serving process of `marina serve`, which supervise.ts starts and directs over Node's IPC channel. */
import { flushCompileCache } from 'node:module'
import { Gauge, type Metric } from 'prom-client'
import { forgetLease } from '../../platform/cache/peers/lease.ts'
import { tendHeap } from '../../platform/heap.ts'
import { openLine, type Line } from '../../platform/processes/line.ts'
import type { State } from '../../platform/observe/health.ts'
import type { Marina } from '../serve.ts'
import type { Figures, Siblings, ToServing, ToSupervisor } from './seat.ts'

/** A process that is less busy than this says nothing. */
const leastLoad = 0.1
/** A question to the lead, by way of the supervisor, waits this long for its answer, in ms. */
const answerMs = 1500

type Order = Extract<ToServing, { kind: 'start' }>

const order = Promise.withResolvers<Order>()
const ending = new AbortController()
const toldListeners: ((subject: string) => void)[] = []
let marina: Marina | undefined
let isWell = true

// Signals of a terminal reach the whole group; the supervisor acts on them. SIGTERM to this process alone drains it.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) process.on(signal, () => {})
process.on('SIGTERM', () => ending.abort())
// Without its supervisor a process would go on with the port of a Marina that is started again.
process.once('disconnect', () => process.exit(1))
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const line = openLine<ToServing, ToSupervisor>(process as Parameters<typeof openLine>[0], {
  onTold: (message) => hear(message),
  onAsked: (question) => answer(question),
})

await serve(line)

function hear(message: ToServing): void {
  if (message.kind === 'start') order.resolve(message)
  else if (message.kind === 'stop') ending.abort()
  else if (message.kind === 'told') for (const listener of toldListeners) listener(message.subject)
  else if (message.kind === 'wellness') isWell = message.isWell
  else if (message.kind === 'spread') marina?.spread(message.part)
  // Otherwise the lease runs out by itself, within 5 s. The main pool may be full of writes that wait for its end.
  else if (marina) void forgetLease(marina.ground.db.relaxed, message.lease).catch(() => {})
}

async function answer(question: string): Promise<unknown> {
  if (question === 'figures') return marina?.ground.metrics.registry.getMetricsAsJSON()
  if (question === 'background') return marina?.backgroundStates()
  throw new Error(`no such question: ${question}`)
}

async function serve(supervisor: Line<ToSupervisor>): Promise<void> {
  // The code is loaded while the supervisor starts PostgreSQL.
  const [{ openMarina }, { openLog }, { config, seat }] = await Promise.all([
    import('../serve.ts'),
    import('../../platform/observe/log.ts'),
    order.promise,
  ])
  try {
    marina = await openMarina(config, openLog(config.log), ending.signal, { ...seat, siblings: siblingsOf(supervisor) })
  } catch (error) {
    if (!ending.signal.aborted) await refuse(supervisor, error as NodeJS.ErrnoException)
    process.exit(ending.signal.aborted ? 0 : 1)
  }
  supervisor.tell({ kind: 'ready', port: marina.port, firstPassword: marina.firstPassword })
  flushCompileCache()
  using _ = tendHeap((part) => part > leastLoad && supervisor.tell({ kind: 'load', part }))
  await untilAborted(ending.signal)
  await marina.close()
  await supervisor.deliver({ kind: 'figures', figures: await lastFigures(marina) })
  process.exit(0)
}

/** What the process has counted. Gauges end with it, and some of them would ask a database that is closed by now. */
function lastFigures({ ground }: Marina): Promise<Figures> {
  const all = ground.metrics.registry.getMetricsAsArray() as unknown as Metric[]
  return Promise.all(all.filter((metric) => !(metric instanceof Gauge)).map((metric) => metric.get()))
}

function siblingsOf(supervisor: Line<ToSupervisor>): Siblings {
  return {
    tellLease: (id) => supervisor.tell({ kind: 'lease', id }),
    tellLead: (subject) => supervisor.tell({ kind: 'told', subject }),
    onTold: (listener) => void toldListeners.push(listener),
    statesOfLead: async () => (await supervisor.ask('background', answerMs)) as State[],
    component: {
      name: 'processes',
      isSpare: true,
      async check() {
        if (!isWell) throw new Error('a process is being replaced')
      },
    },
  }
}

function refuse(supervisor: Line<ToSupervisor>, { name, message, code, stack }: NodeJS.ErrnoException): Promise<void> {
  return supervisor.deliver({ kind: 'refused', name, message, code, stack })
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
