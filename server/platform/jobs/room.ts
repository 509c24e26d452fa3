import type { WorkerEvents } from 'graphile-worker'
import { laneIn, LanesOfTypes } from './lanes.ts'
import type { JobType } from './type.ts'

export type Room = {
  /** Types of which no more jobs may be taken now. The queue calls it right before each look for a job. */
  closedTypes(): string[]
  /** To be called when a job of this type, and of this lane if it has one, has ended. */
  leave(type: string, lane: string | undefined): void
  /**
   * Whether a job that was just taken is beyond the fair share of its lane, and has to go back into the queue. If so it
   * has left its lane already.
   */
  sendsBack(type: string, lane: string | undefined): boolean
}

const add = (counts: Map<string, number>, name: string, count: number) =>
  void counts.set(name, (counts.get(name) ?? 0) + count)

/**
 * Keeps each type within its `concurrency` in this process. Several workers look for jobs at once, and none knows what
 * the others will find, so each look reserves a place of every type that is open to it, until its result is known. When
 * a type was closed to a look only for such a reservation, another look follows (`onRoom`).
 */
export function openRoom(
  events: WorkerEvents,
  types: ReadonlyMap<string, JobType>,
  paused: () => ReadonlySet<string>,
  onRoom: () => void,
): Room {
  const running = new Map<string, number>()
  const reserved = new Map<string, number>()
  /** The types open to each look: first of looks whose worker is not known yet, in order, then by worker. */
  const asked: string[][] = []
  const looks = new Map<unknown, string[]>()
  const lanes = new LanesOfTypes(types)
  let wasTurnedAway = false
  events.on('worker:getJob:start', ({ worker }) => void looks.set(worker, asked.shift() ?? []))
  events.on('worker:getJob:empty', ({ worker }) => endLook(worker))
  events.on('worker:getJob:error', ({ worker }) => endLook(worker))
  events.on('job:start', ({ worker, job }) => {
    add(running, job.task_identifier, 1)
    lanes.enter(job.task_identifier, laneIn(job.flags))
    endLook(worker)
    if (wasTurnedAway || lanes.wasFull) onRoom()
  })
  return {
    closedTypes() {
      const [open, closed] = [[] as string[], [...paused()]]
      for (const { name, concurrency } of types.values()) {
        const count = running.get(name) ?? 0
        if (count + (reserved.get(name) ?? 0) < concurrency) open.push(name)
        else closed.push(name)
        if (count < concurrency && closed.at(-1) === name) wasTurnedAway = true
      }
      for (const name of open) add(reserved, name, 1)
      asked.push(open)
      return [...closed, ...lanes.full()]
    },
    leave(type, lane) {
      add(running, type, -1)
      if (lanes.leave(type, lane)) onRoom()
    },
    sendsBack: lanes.sendsBack,
  }

  function endLook(worker: unknown): void {
    for (const name of looks.get(worker) ?? []) add(reserved, name, -1)
    looks.delete(worker)
    if (looks.size > 0 || !wasTurnedAway) return
    wasTurnedAway = false
    onRoom()
  }
}
