import { OutboundFailed } from './failures.ts'

/** Ends a call when the other side has been silent for too long. Runs only while Marina waits for the other side. */
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

  /** To be called when a byte moved, or when Marina begins to wait for the other side: the limit counts from now. */
  start(): void {
    if (this.#limitMs === undefined || this.#ending.signal.aborted) return
    if (this.#timer) this.#timer.refresh()
    else this.#timer = setTimeout(() => this.#end(), this.#limitMs)
  }

  /** To be called when the other side waits for Marina: for more of the body, or until more of the answer is read. */
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
