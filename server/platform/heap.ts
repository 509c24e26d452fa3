import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Gc = (options: { type: 'major'; flavor: 'last-resort'; execution: 'sync' }) => void

/** A process that was idle for all but this part of a second counts as quiet in it. */
const quietPart = 0.1
/** After so many quiet seconds in a row, memory is given back. */
const quietSeconds = 15

/**
 * Gives memory back that V8 would keep: once now, as loading the code leaves 20 MB of garbage, and again each time when
 * the process has become quiet after work. It takes about 50 ms, in which nothing else runs, so never under load.
 * `onLoad` hears once a second which part of it, from 0 to 1, the process was not idle.
 */
export function tendHeap(onLoad: (part: number) => void = () => {}): Disposable {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as Gc
  const collect = () => gc({ type: 'major', flavor: 'last-resort', execution: 'sync' })
  collect()
  let before = performance.eventLoopUtilization()
  let quiet = quietSeconds
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    onLoad(utilization)
    quiet = utilization > quietPart ? 0 : quiet + 1
    if (quiet === quietSeconds) collect()
  }, 1000).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
