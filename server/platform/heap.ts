import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Gc = (options: { type: 'major'; flavor: 'last-resort'; execution: 'sync' }) => void

/** A process that was idle for all but this part of a second counts as quiet in it. */
const quietPart = 0.1
/**
 * After these numbers of quiet seconds in a row, memory is given back. Several times, since V8 drops the code of a
 * function only when six collections have found that it did not run, and each time takes two.
 */
const quietSeconds = [15, 18, 21, 24]
/** A start counts as so many quiet seconds. */
const quietAtStart = 10

/**
 * Gives memory back that V8 would keep: once now, as loading the code leaves 20 MB of garbage, and again each time when
 * the process has become quiet, after the start as after work. Each time takes about 50 ms, in which nothing else runs,
 * so never under load. `onLoad` hears once a second which part of it, from 0 to 1, the process was not idle.
 */
export function tendHeap(onLoad: (part: number) => void = () => {}): Disposable {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as Gc
  const collect = () => gc({ type: 'major', flavor: 'last-resort', execution: 'sync' })
  collect()
  let before = performance.eventLoopUtilization()
  let quiet = quietAtStart
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    onLoad(utilization)
    quiet = utilization > quietPart ? 0 : quiet + 1
    if (quietSeconds.includes(quiet)) collect()
  }, 1000).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
