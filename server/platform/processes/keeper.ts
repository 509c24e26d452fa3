import { setTimeout as sleep } from 'node:timers/promises'

/** How a process ended, in words: `was ended by SIGKILL`. */
export type Kept = { exited: Promise<string>; stop(): Promise<void> }

type KeeperOptions<Process> = {
  /** Starts the process. Resolves once it serves; rejects when it ended before that. */
  start(): Promise<Process>
  onEnded(process: Process, how: string): void
  /** Called when a replacement could not be started. It is tried again after a back-off. */
  onFailed(error: unknown): void
  onReady(process: Process): void
}

/** A process that lived this long, in ms, has a fresh start when it ends: its replacement does not wait. */
const steadyMs = 60_000
const firstBackOffMs = 250
const longestBackOffMs = 30_000

/** The back-off before the n-th start in a row, in ms: none before the first, then 250 ms, doubled up to 30 s. */
export function backOffMs(failures: number): number {
  return failures < 2 ? 0 : Math.min(longestBackOffMs, firstBackOffMs * 2 ** (failures - 2))
}

/** Keeps one process running: one that ends unasked is replaced, after a back-off when that happens again and again. */
export class Keeper<Process extends Kept> {
  readonly #options: KeeperOptions<Process>
  readonly #closing = new AbortController()
  #process: Process | undefined
  #kept: Promise<void> = Promise.resolve()
  /** Ends in a row of processes that did not live for `steadyMs`. */
  #failures = 0
  #readyAt = -Infinity

  constructor(options: KeeperOptions<Process>) {
    this.#options = options
  }

  /** The process while it serves. */
  get process(): Process | undefined {
    return this.#process
  }

  /** False while the process is being replaced, and while it has ended several times in short order. */
  get isWell(): boolean {
    if (this.#closing.signal.aborted) return true
    return this.#process !== undefined && (this.#failures < 2 || performance.now() - this.#readyAt > steadyMs)
  }

  /** Starts the process for the first time. Rejects when it cannot be started; nothing is kept then. */
  async begin(): Promise<void> {
    const process = await this.#options.start()
    this.#kept = this.#keep(process)
  }

  /** As `begin`, but a failed start is reported and tried again. */
  beginLater(): void {
    this.#kept = this.#keep(undefined)
  }

  /** Lets the process finish what it does. It is not replaced. */
  async stop(): Promise<void> {
    this.#closing.abort()
    await this.#process?.stop()
    await this.#kept
  }

  async #keep(first: Process | undefined): Promise<void> {
    const { signal } = this.#closing
    let process = first ?? (await this.#start())
    while (process && !signal.aborted) {
      this.#readyAt = performance.now()
      this.#process = process
      this.#options.onReady(process)
      const how = await process.exited
      this.#process = undefined
      if (signal.aborted) return
      this.#failures = performance.now() - this.#readyAt > steadyMs ? 1 : this.#failures + 1
      this.#options.onEnded(process, how)
      process = await this.#start()
    }
    // Asked to stop while it started.
    await process?.stop()
  }

  /** Starts until it succeeds; undefined when asked to stop meanwhile. */
  async #start(): Promise<Process | undefined> {
    const { signal } = this.#closing
    for (;;) {
      await sleep(backOffMs(this.#failures), undefined, { signal }).catch(() => {})
      if (signal.aborted) return undefined
      try {
        return await this.#options.start()
      } catch (error) {
        this.#failures++
        if (!signal.aborted) this.#options.onFailed(error)
      }
    }
  }
}
