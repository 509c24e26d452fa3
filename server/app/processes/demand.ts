/** Of a process: busier than this part of its time, from 0 to 1, for `busySamples` seconds in a row, it needs help. */
const busy = 0.6
const busySamples = 2
/** The last process ends when what all do would keep the others below this part of their time for `calmMs`. */
const calm = 0.4
const calmMs = 5 * 60_000
/** A sample is older than this, in ms, when its process was idle since: an idle one sends none. */
const freshMs = 2500

/**
 * Decides how many processes serve, by how busy they are: a further one while one of them is busy, one fewer after five
 * quiet minutes. Times are in ms of a monotonic clock.
 */
export function openDemand({ least, most }: { least: number; most: number }) {
  const samples = new Map<number, { part: number; at: number; busyFor: number }>()
  let wanted = least
  let calmSince: number | undefined
  return {
    wanted: () => wanted,
    /** The process in this place was busy for `part` of the last second. Returns whether one more is wanted. */
    note(place: number, part: number, now: number): boolean {
      const before = samples.get(place)
      const isNext = before !== undefined && now - before.at < freshMs
      const busyFor = part < busy ? 0 : (isNext ? before.busyFor : 0) + 1
      samples.set(place, { part, at: now, busyFor })
      if (busyFor < busySamples || wanted >= most) return false
      // The newcomer shall take its share before the next one is started.
      samples.clear()
      wanted++
      return true
    },
    /** To be called now and then. Returns whether one fewer is wanted. */
    settle(now: number): boolean {
      const sum = [...samples.values()].reduce((all, { part, at }) => all + (now - at < freshMs ? part : 0), 0)
      if (wanted === least || sum > calm * (wanted - 1)) calmSince = undefined
      else calmSince ??= now
      if (calmSince === undefined || now - calmSince < calmMs) return false
      calmSince = undefined
      wanted--
      return true
    },
  }
}
