import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { listenToLive, type Live, type LiveChanges, type LiveKind } from '../../platform/events/live.ts'
import { lookBeyond } from '../../platform/events/places.ts'
import type { Told } from '../../platform/events/reaction.ts'
import { findRights } from '../access/index.ts'
import { eventText, placeText, type Client } from './client.ts'
import { writePlace, type Place } from './place.ts'
import { endsStreams, shown } from './shown.ts'
import { findExecutions, findPolicyProjects, listLively, mostLively } from './store.ts'
import { openTail, readPart, type Tail } from './tail.ts'
import { eventsOfDeliveries, eventsOfFacts, eventsOfProgress, textFor } from './tell.ts'

export type HubOptions = {
  reader: Reader & { db: Db }
  /** Whether the session or the credentials of a client's request still hold. */
  isOpen(client: Client): Promise<boolean>
  heartbeatMs: number
  /** Facts that a client that resumes is given at most. */
  replay: number
  /** How long facts are kept, in ms: a client that was away for longer is told to read anew. */
  keepMs: number
  onTrouble(error: unknown): void
}

type Running = { tail: Tail; live: Live; timer: NodeJS.Timeout }

const shownTopics = [...Object.keys(shown), ...endsStreams]

/**
 * The clients of this process. While there are any, it follows the outbox and listens to changes, once for all of them;
 * with the last one it stops.
 */
export class Hub {
  readonly #options: HubOptions
  readonly #clients = new Set<Client>()
  #running: Running | undefined
  readonly #ending = new Set<Promise<void>>()

  constructor(options: HubOptions) {
    this.#options = options
  }

  get clients(): ReadonlySet<Client> {
    return this.#clients
  }

  /** Adds a client, and gives it what there is since its `place`. Resolves when it has caught up. */
  async add(client: Client, place: Place | undefined): Promise<void> {
    this.#clients.add(client)
    const { tail, live } = (this.#running ??= this.#start())
    await live.ready
    const joined = Promise.withResolvers<Place>()
    tail.arrive((now) => {
      client.hasJoined = true
      joined.resolve(now)
    })
    const now = await joined.promise
    const isWhole = place === undefined || (await this.#replay(client, place, now))
    const isShown = !client.topics.has('executions') || (await this.#showExecutions(client, place?.at))
    if (!isWhole || !isShown) await client.sendEarlier(eventText('reset', {}))
    await client.sendEarlier(placeText(writePlace(now)))
    client.release()
  }

  remove(client: Client): void {
    if (!this.#clients.delete(client) || this.#clients.size > 0) return
    this.#stop()
  }

  /** Ends all streams at once; resolves when nothing of this runs any more. */
  async close(): Promise<void> {
    for (const client of this.#clients) client.end()
    this.#clients.clear()
    this.#stop()
    await Promise.all(this.#ending)
  }

  #start(): Running {
    const { reader, heartbeatMs, onTrouble } = this.#options
    return {
      tail: openTail({ db: reader.db, topics: shownTopics, onFacts: (...told) => this.#tell(...told), onTrouble }),
      live: listenToLive({ db: reader.db, onChanges: (...change) => this.#tellChanges(...change), onTrouble }),
      timer: setInterval(() => void this.#beat().catch(onTrouble), heartbeatMs),
    }
  }

  #stop(): void {
    const running = this.#running
    this.#running = undefined
    if (!running) return
    clearInterval(running.timer)
    const both = [running.tail, running.live].map((one) => one[Symbol.asyncDispose]())
    const ended = Promise.all(both).then(() => {}, this.#options.onTrouble)
    this.#ending.add(ended)
    void ended.then(() => this.#ending.delete(ended))
  }

  async #tell(facts: Told[], place: Place): Promise<void> {
    const { reader } = this.#options
    const clients = [...this.#clients].filter(({ hasJoined }) => hasJoined)
    const ending = facts.filter(({ topic }) => endsStreams.includes(topic))
    if (ending.length > 0) await Promise.all(clients.map((one) => this.#check(one, ending)))
    const events = await eventsOfFacts(reader, facts)
    if (events.length === 0) return
    const mark = placeText(writePlace(place))
    await Promise.all(
      clients.map(async (client) => {
        const text = await textFor(reader, client, events)
        if (text !== '') client.send(text + mark)
      }),
    )
  }

  async #tellChanges(kind: LiveKind, { ids, any }: LiveChanges): Promise<void> {
    const { reader } = this.#options
    const topic = kind === 'execution' ? 'executions' : 'deliveries'
    const clients = [...this.#clients].filter(({ topics, hasJoined }) => hasJoined && topics.has(topic))
    if (clients.length === 0) return
    const events =
      kind === 'execution'
        ? await eventsOfProgress(
            reader,
            // Notifications were lost with their connection, some seconds ago at most.
            any ? await listLively(reader.db, Date.now() - 60_000) : await findExecutions(reader.db, ids),
          )
        : await eventsOfDeliveries(reader, await findPolicyProjects(reader.db, any ? 'all' : ids))
    await Promise.all(clients.map(async (client) => client.send(await textFor(reader, client, events))))
  }

  async #beat(): Promise<void> {
    const place = this.#running?.tail.place()
    const mark = place ? placeText(writePlace({ ...place, at: Date.now() })) : ': \n\n'
    await Promise.all(
      [...this.#clients].map(async (client) => {
        if ((await this.#check(client, [])) && client.hasJoined) client.send(mark)
      }),
    )
  }

  /** Ends the client's stream when its caller may not have one any more. */
  async #check(client: Client, facts: Told[]): Promise<boolean> {
    const { reader, isOpen } = this.#options
    const rights = await findRights(reader, client.caller)
    const isActive = rights !== undefined && rights.kind !== 'anonymous' && !rights.isDisabled
    if (isActive && !hasNewSecret(client, facts) && (await isOpen(client))) return true
    client.end()
    return false
  }

  /** Sends the facts between two places; false when they are too many, or no longer there. */
  async #replay(client: Client, from: Place, to: Place): Promise<boolean> {
    const { reader, replay, keepMs } = this.#options
    const { isAhead } = await lookBeyond(reader.db, from.seen)
    if (isAhead || Date.now() - from.at > keepMs) return false
    let [place, left] = [{ ...from, until: from.until ?? to.seen }, replay]
    for (let isAll = false; !isAll && !client.isEnded;) {
      const read = await readPart(reader.db, shownTopics, place)
      left -= read.count
      if (left < 0) return false
      const text = await textFor(reader, client, await eventsOfFacts(reader, read.facts))
      // With the time of the client's own place: executions are shown only after all facts.
      await client.sendEarlier(text && text + placeText(writePlace({ ...read.place, at: from.at })))
      // After a window that the client had read in part comes what became visible since.
      isAll = read.isAll && place.until === to.seen
      place = { ...read.place, until: read.place.until ?? to.seen }
    }
    return true
  }

  /** Sends the state of what runs now, and of what ended since the time `since`; false when that is too much. */
  async #showExecutions(client: Client, since = Date.now()): Promise<boolean> {
    const { reader } = this.#options
    const lively = await listLively(reader.db, since)
    await client.sendEarlier(await textFor(reader, client, await eventsOfProgress(reader, lively)))
    return lively.length < mostLively
  }
}

/** The password or secret by which the client came was replaced. */
function hasNewSecret({ caller, request }: Client, facts: Told[]): boolean {
  if (request.headers.authorization === undefined) return false
  if (caller.kind === 'workload') return false
  const [topic, id] =
    caller.kind === 'user' ? ['account.password-changed', 'accountId'] : ['robot.secret-refreshed', 'robotId']
  return facts.some((fact) => fact.topic === topic && fact.payload[id] === caller.id)
}
