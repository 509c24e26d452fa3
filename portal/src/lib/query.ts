import { signal, type Signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { CallOf } from '../../../api/client.ts'
import type { AnswerOf, Operation } from '../../../api/operation.ts'
import { ApiError, keyOf, send } from './api.ts'
import { linksOf, type PageLinks } from './links.ts'

/** What is known of the answer to a call. Data of the call before stays until the new one is answered: `isPrevious`. */
export type Found<Data> = {
  data: Data | undefined
  /** Of lists: how many there are altogether, and the queries of the pages beside this one. */
  total: number | undefined
  links: PageLinks
  error: ApiError | undefined
  isLoading: boolean
  isPrevious: boolean
  /** Asks again now. */
  refresh(): void
}

type State = {
  data: unknown
  total: number | undefined
  links: PageLinks
  error: ApiError | undefined
  isLoading: boolean
}
type Entry = { state: Signal<State>; at: number; users: number; run: AbortController | undefined; ask(): void }

/** Answers that no page shows any more are kept for so long, in ms: the way back is quick. */
const keepMs = 60_000
/** An answer younger than this is shown without asking again when a page opens, in ms. */
const freshMs = 2000
const unasked: State = { data: undefined, total: undefined, links: {}, error: undefined, isLoading: true }
const entries = new Map<string, Entry>()

type Options = {
  /** The call is not sent while this is false. */
  isOn?: boolean
  /** Asks again after each pause of so many ms, while the page is visible. */
  everyMs?: number | undefined
}

/**
 * The answer to a reading operation, for a component: asked once for all components that show it, again when the window
 * gets the focus, and when `forget` names it; given up when nobody shows it any more.
 */
export function useApi<const O extends Operation>(
  operation: O,
  call: CallOf<O>,
  { isOn = true, everyMs }: Options = {},
): Found<AnswerOf<O>> {
  const key = keyOf(operation, call)
  const entry = isOn ? entryOf(key, operation, call) : undefined
  useEffect(() => (entry ? use(key, entry) : undefined), [key, entry])
  useEffect(() => {
    if (everyMs === undefined || !entry) return undefined
    const timer = setInterval(() => document.visibilityState === 'visible' && entry.ask(), everyMs)
    return () => clearInterval(timer)
  }, [entry, everyMs])
  const last = useRef<State | undefined>(undefined)
  const state = entry?.state.value ?? { ...unasked, isLoading: false }
  if (state.data !== undefined) last.current = state
  const isPrevious = state.data === undefined && state.isLoading && last.current !== undefined
  const shown = isPrevious ? { ...last.current!, isLoading: true } : state
  return { ...shown, data: shown.data as AnswerOf<O> | undefined, isPrevious, refresh: () => entry?.ask() }
}

/**
 * Asks again for all shown answers whose path begins with one of these, and drops the others of them. It waits until
 * what closes now is closed: a dialog about something that was deleted would ask for it once more.
 */
export function forget(...prefixes: string[]): void {
  setTimeout(() => forgetNow(prefixes))
}

function forgetNow(prefixes: string[]): void {
  for (const [key, entry] of entries) {
    if (!prefixes.some((prefix) => key.startsWith(prefix))) continue
    if (entry.users > 0) entry.ask()
    else drop(key, entry)
  }
}

/** Drops all answers, since the caller is another one; what is shown is asked again. */
export const forgetAll = (): void => forgetNow([''])

/** Asks again for all that is shown when the window gets the focus. */
export function refreshOnFocus(): void {
  addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible') return
    for (const entry of entries.values()) if (entry.users > 0 && Date.now() - entry.at > freshMs) entry.ask()
  })
}

function entryOf(key: string, operation: Operation, call: unknown): Entry {
  const known = entries.get(key)
  if (known) return known
  const state = signal<State>(unasked)
  const entry: Entry = { state, at: 0, users: 0, run: undefined, ask: () => void ask(entry, operation, call) }
  entries.set(key, entry)
  return entry
}

async function ask(entry: Entry, operation: Operation, call: unknown): Promise<void> {
  entry.run?.abort()
  const run = new AbortController()
  entry.run = run
  entry.at = Date.now()
  if (!entry.state.peek().isLoading) entry.state.value = { ...entry.state.peek(), isLoading: true }
  try {
    const { body, headers } = await send(operation, call as never, { signal: run.signal })
    if (entry.run !== run) return
    const total = headers.get('x-total-count')
    entry.state.value = {
      data: body ?? null,
      total: total === null ? undefined : Number(total),
      links: linksOf(headers.get('link') ?? ''),
      error: undefined,
      isLoading: false,
    }
  } catch (error) {
    if (entry.run !== run || run.signal.aborted) return
    const failure = error instanceof ApiError ? error : new ApiError(0, undefined, String(error))
    entry.state.value = { ...entry.state.peek(), error: failure, isLoading: false }
  } finally {
    if (entry.run === run) entry.run = undefined
  }
}

function use(key: string, entry: Entry): () => void {
  entry.users++
  if (Date.now() - entry.at > freshMs && !entry.run) entry.ask()
  return () => {
    entry.users--
    if (entry.users > 0) return
    if (entry.run) giveUp(entry)
    const { data, error } = entry.state.peek()
    if (data === undefined || error) drop(key, entry)
    else setTimeout(() => entry.users === 0 && drop(key, entry), keepMs)
  }
}

/** Ends the run whose answer nobody waits for; the next one that shows the entry asks again. */
function giveUp(entry: Entry): void {
  entry.run?.abort()
  entry.run = undefined
  entry.at = 0
  entry.state.value = { ...entry.state.peek(), isLoading: entry.state.peek().data === undefined }
}

function drop(key: string, entry: Entry): void {
  entry.run?.abort()
  if (entries.get(key) === entry) entries.delete(key)
}
