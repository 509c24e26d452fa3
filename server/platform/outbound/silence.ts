import { OutboundFailed } from './failures.ts'

/** Ends a call when the other side has been silent for too long. Runs only while it is the other side's turn. */
export class Silence implements Disposable {
  readonly #ending = new AbortController()
  readonly #limitMs: number | undefined
  #timer: NodeJS.Timeout | undefined

  /** Without a limit it never ends anything. */
  constructor(limitMs: number | undefined) {
    this.#limitMs = limitMs
  }

  /** Aborted when the limit was reached, with OutboundFailed as its reason. */
  get signal(): AbortSignal {
    return this.#ending.signal
  }

  /** A byte moved, or the other side's turn begins: the limit counts from now. */
  start(): void {
    if (this.#limitMs === undefined || this.#ending.signal.aborted) return
    if (this.#timer) this.#timer.refresh()
    else this.#timer = setTimeout(() => this.#end(), this.#limitMs)
  }

  /** It is our own turn: to bring more of the body, or to take more of the answer. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  [Symbol.dispose](): void {
    this.stop()
  }

  #end(): void {
    this.#ending.abort(new OutboundFailed('timeout', `the other side was silent for ${this.#limitMs} ms`))
  }
}
