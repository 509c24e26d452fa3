import { effect } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { streamEvents } from '../../../api/events.ts'
import type { StreamedDeliveries, StreamedExecution, StreamedFact, StreamTopic } from '../../../api/events.ts'
import { base } from './location.ts'
import { forget } from './query.ts'
import { user } from './session.ts'

/** Events within this time lead to one question, in ms. */
const gatherMs = 400
/** The least time between two questions of one page, in ms: a busy registry tells of many pushes in a second. */
const pauseMs = 2000
/** How often answers are asked again while the server has no stream for us, in ms. */
const pollMs = 5000
/** How long after a refusal the stream is tried again, in ms. */
const againMs = 60_000

type LiveEvent = StreamedFact | StreamedExecution | StreamedDeliveries
type Narrow = {
  topics: readonly StreamTopic[]
  /** Whether what happened changes what the page shows. */
  isAbout(event: LiveEvent, topic: StreamTopic): boolean
}
type Follower = Narrow & { tell(): void }

const followers = new Set<Follower>()

/**
 * Asks again for what is shown below these paths whenever the server tells that something of a topic happened. One
 * stream serves the whole window while it is visible; without one, answers are asked again every few seconds. Nothing
 * is told to anonymous callers.
 */
export function useLive(of: readonly StreamTopic[] | Narrow, ...prefixes: string[]): void {
  const { topics, isAbout } = 'isAbout' in of ? of : { topics: of, isAbout: () => true }
  useEffect(() => {
    const { tell, stop } = gather(() => forget(...prefixes))
    const follower: Follower = { topics, isAbout, tell }
    followers.add(follower)
    settle()
    return () => {
      stop()
      followers.delete(follower)
      // The next page may follow, too: the stream then stays.
      setTimeout(settle)
    }
  }, [[...topics, ...prefixes].join(' ')])
}

/** Whether an event is about something in this project. */
export const isOfProject = (event: LiveEvent, projectId: number): boolean =>
  'project_id' in event && event.project_id === projectId

/** Of an event of the topic `artifacts`: whether it is about this repository, whose name is whole. */
export const isOfRepository = (event: LiveEvent, repository: string): boolean =>
  'data' in event && event.data['repository'] === repository

/** Does work soon after it was told to, and not again before a pause. */
function gather(work: () => void): { tell(): void; stop(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  let last = -Infinity
  return {
    tell() {
      timer ??= setTimeout(
        () => {
          timer = undefined
          last = performance.now()
          work()
        },
        Math.max(gatherMs, last + pauseMs - performance.now()),
      )
    },
    stop: () => clearTimeout(timer),
  }
}

type Stream = { topics: ReadonlySet<StreamTopic>; close(): void }
let stream: Stream | undefined

/** Opens the stream that the followers need, leaves it as it is, or closes it. */
function settle(): void {
  const wanted = new Set([...followers].flatMap(({ topics }) => topics))
  const isWanted = wanted.size > 0 && user.peek() !== undefined && document.visibilityState === 'visible'
  if (isWanted && stream && [...wanted].every((topic) => stream!.topics.has(topic))) return
  const isAnother = stream !== undefined
  stream?.close()
  stream = isWanted ? open(wanted) : undefined
  // What happened between the two streams was told by none.
  if (isAnother && isWanted) tellAll()
}

function tellAll(): void {
  for (const follower of followers) follower.tell()
}

function open(topics: ReadonlySet<StreamTopic>): Stream {
  const source = new EventSource(`${base}api/v2.0${streamEvents.path}?topics=${[...topics].join(',')}`)
  let poll: ReturnType<typeof setInterval> | undefined
  let again: ReturnType<typeof setTimeout> | undefined
  let joined: ReturnType<typeof setTimeout> | undefined
  for (const topic of topics)
    source.addEventListener(topic, ({ data }: MessageEvent<string>) => {
      const event = JSON.parse(data) as LiveEvent
      for (const one of followers) if (one.topics.includes(topic) && one.isAbout(event, topic)) one.tell()
    })
  source.addEventListener('reset', tellAll)
  source.addEventListener('open', () => {
    clearInterval(poll)
    poll = undefined
    // The server joins a new reader a moment after the answer begins: what happens until then is told to nobody.
    joined ??= setTimeout(tellAll, pollMs)
  })
  // A browser comes back by itself after a break, but not after a refusal, such as too many streams. Meanwhile, and
  // where something on the way lets no stream through, answers are asked again.
  source.addEventListener('error', () => {
    poll ??= setInterval(tellAll, pollMs)
    if (source.readyState !== EventSource.CLOSED) return
    again ??= setTimeout(() => {
      stream?.close()
      stream = undefined
      settle()
    }, againMs)
  })
  return {
    topics,
    close() {
      source.close()
      clearInterval(poll)
      clearTimeout(again)
      clearTimeout(joined)
    },
  }
}

/** Keeps the stream only while the window is seen (lib/query.ts asks anew when it is again), and for its caller. */
export function followSession(): void {
  document.addEventListener('visibilitychange', settle)
  let before: number | undefined
  effect(() => {
    const now = user.value?.user_id
    if (now === before) return
    before = now
    stream?.close()
    stream = undefined
    settle()
  })
}
