import type { ChildProcess } from 'node:child_process'

/** One end of Node's IPC channel between a process and the one that started it. */
type End = Pick<ChildProcess, 'send' | 'connected'> & {
  on(event: 'message', listener: (message: unknown) => void): unknown
  once(event: 'disconnect', listener: () => void): unknown
}

type Envelope<Told> =
  | { kind: 'tell'; told: Told }
  | { kind: 'ask'; id: number; question: string }
  | { kind: 'answer'; id: number; value?: unknown; error?: string }

/** Messages between two processes in both directions: `tell` without an answer, `ask` with one. */
export type Line<Out> = {
  /** Lost without an error when the other process is gone: its end is reported by other means. */
  tell(message: Out): void
  /** As `tell`; resolves once the message has left this process, or never will. */
  deliver(message: Out): Promise<void>
  /** Rejects when the other process fails to answer, is gone, or takes longer than `ms`. */
  ask(question: string, ms: number): Promise<unknown>
}

type Hears<In> = {
  onTold(message: In): void
  /** Answers a question of the other process. */
  onAsked(question: string): unknown
}

/** Opens this process's end. Both ends must be started with `serialization: 'advanced'`. */
export function openLine<In, Out>(end: End, { onTold, onAsked }: Hears<In>): Line<Out> {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let count = 0
  // The callback takes the error of a channel that closes at this moment.
  const send = (envelope: Envelope<Out>, sent: () => void = () => {}) => {
    if (end.connected) end.send(envelope, () => sent())
    else sent()
  }
  const answer = async (id: number, question: string) => {
    try {
      send({ kind: 'answer', id, value: await onAsked(question) })
    } catch (error) {
      send({ kind: 'answer', id, error: String(error) })
    }
  }
  end.on('message', (message) => {
    const envelope = message as Envelope<In>
    if (envelope.kind === 'tell') return onTold(envelope.told)
    if (envelope.kind === 'ask') return void answer(envelope.id, envelope.question)
    const asked = waiting.get(envelope.id)
    if (envelope.error === undefined) asked?.resolve(envelope.value)
    else asked?.reject(new Error(envelope.error))
  })
  end.once('disconnect', () => {
    for (const { reject } of waiting.values()) reject(new Error('the other process is gone'))
  })
  return {
    tell: (told) => send({ kind: 'tell', told }),
    deliver: (told) => new Promise((resolve) => send({ kind: 'tell', told }, resolve)),
    async ask(question, ms) {
      if (!end.connected) throw new Error('the other process is gone')
      const id = count++
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      waiting.set(id, { resolve, reject })
      const late = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
      send({ kind: 'ask', id, question })
      return promise.finally(() => {
        clearTimeout(late)
        waiting.delete(id)
      })
    },
  }
}
