import { openPlaces, type Places } from '../places.ts'
import { failureOf, OutboundFailed } from './failures.ts'

/**
 * Waits for a place among the calls to a host, at most `waitMs`. Calls to one URL wait behind one of each other URL.
 * Rejects with OutboundFailed when there is none in time, or the call is given up.
 */
export type Enter = (url: URL, waitMs: number, signal: AbortSignal | undefined) => Promise<Disposable>

/** So many calls at a time to each host: the time of a call must not go by while it waits for calls of ours. */
export function openHosts(places: number): Enter {
  const hosts = new Map<string, Places>()
  return async ({ origin, href }, waitMs, signal) => {
    const host = hosts.get(origin) ?? openPlaces({ places })
    hosts.set(origin, host)
    const forgetIdle = () => void (host.isEmpty() && hosts.get(origin) === host && hosts.delete(origin))
    const patience = AbortSignal.timeout(waitMs)
    const place = await host.enter(href, signal ? AbortSignal.any([signal, patience]) : patience)
    if (!place) {
      forgetIdle()
      throw signal?.aborted ? failureOf(signal.reason, signal) : busy()
    }
    return {
      [Symbol.dispose]() {
        place[Symbol.dispose]()
        forgetIdle()
      },
    }
  }
}

const busy = () => new OutboundFailed('busy', 'too many calls to that host are under way')
