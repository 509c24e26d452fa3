import type { JobType, Params } from './type.ts'

/** The flag by which the queue leaves out a lane's jobs; null for a task that has no lane. */
export function laneOf<P extends Params>(type: JobType<P>, params: P): string | null {
  const lane = type.lane?.(params)
  return lane === undefined ? null : `lane:${type.name}/${lane}`
}

/** The tasks of one type that run in this process, by lane. */
export class Lanes {
  readonly #places: number
  readonly #spare: number
  readonly #running = new Map<string, number>()
  #total = 0

  /** `places`: the most tasks of the type that run at once in this process. */
  constructor(places: number) {
    this.#places = places
    // Kept free for lanes of which nothing runs: with fewer lanes than places, they wait for no slow one.
    this.#spare = Math.min(2, places >> 2)
  }

  enter(lane: string): void {
    this.#running.set(lane, this.#count(lane) + 1)
    this.#total++
  }

  leave(lane: string): void {
    const left = this.#count(lane) - 1
    if (left > 0) this.#running.set(lane, left)
    else this.#running.delete(lane)
    this.#total--
  }

  /** The lanes that have their share. A lane of which nothing runs is never among them. */
  full(): string[] {
    return [...this.#running.keys()].filter((lane) => !this.#hasRoom(this.#count(lane), this.#total))
  }

  /** Whether a task that has just entered is beyond its lane's share: several workers may have taken one at once. */
  isBeyondShare(lane: string): boolean {
    const count = this.#count(lane)
    return count > 1 && !this.#hasRoom(count - 1, this.#total - 1)
  }

  /** Whether a lane with `count` running tasks, of `total` in all, may run one more. */
  #hasRoom(count: number, total: number): boolean {
    return count < Math.floor(this.#places / this.#running.size) && total < this.#places - this.#spare
  }

  #count(lane: string): number {
    return this.#running.get(lane) ?? 0
  }
}

/** The lanes of all types in this process. */
export class LanesOfTypes {
  readonly #types: ReadonlyMap<string, Lanes>
  /** A look for jobs left out a lane that had its share: once a job starts or ends, the lane may have room again. */
  wasFull = false

  constructor(types: ReadonlyMap<string, Pick<JobType, 'concurrency'>>) {
    this.#types = new Map([...types].map(([name, { concurrency }]) => [name, new Lanes(concurrency)]))
  }

  enter(type: string, lane: string | undefined): void {
    if (lane !== undefined) this.#types.get(type)?.enter(lane)
  }

  /** True when a lane that was left out may have room now. */
  leave(type: string, lane: string | undefined): boolean {
    if (lane !== undefined) this.#types.get(type)?.leave(lane)
    const { wasFull } = this
    this.wasFull = false
    return wasFull
  }

  /** The lanes from which a look may take no job now. */
  full(): string[] {
    const full = [...this.#types.values()].flatMap((one) => one.full())
    this.wasFull ||= full.length > 0
    return full
  }

  /**
   * Whether a task that has just entered has to go back into the queue. Its place is free at once: of several that were
   * taken together only those beyond the share go back.
   */
  readonly sendsBack = (type: string, lane: string | undefined): boolean => {
    const lanes = this.#types.get(type)
    if (lane === undefined || !lanes?.isBeyondShare(lane)) return false
    lanes.leave(lane)
    return true
  }
}

/** The lane among a job's flags; laneOf writes it. */
export function laneIn(flags: Readonly<Record<string, true>> | null): string | undefined {
  return Object.keys(flags ?? {}).find((flag) => flag.startsWith('lane:'))
}
