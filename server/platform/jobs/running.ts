import { JobAborted, type AbortCause } from './type.ts'

/** The tasks that this process runs now. */
export class RunningTasks {
  readonly #aborts = new Map<number, AbortController>()

  get count(): number {
    return this.#aborts.size
  }

  has(taskId: number): boolean {
    return this.#aborts.has(taskId)
  }

  add(taskId: number, abort: AbortController): void {
    this.#aborts.set(taskId, abort)
  }

  /** Does nothing when another controller runs the task by now. */
  remove(taskId: number, abort: AbortController): void {
    if (this.#aborts.get(taskId) === abort) this.#aborts.delete(taskId)
  }

  stop(taskIds: number[]): void {
    for (const id of taskIds) this.#aborts.get(id)?.abort(new JobAborted('stopped'))
  }

  abortAll(cause: AbortCause): void {
    for (const abort of this.#aborts.values()) abort.abort(new JobAborted(cause))
  }
}
