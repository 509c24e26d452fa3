import { openPlaces, type Places } from '../places.ts'
import { failureOf, OutboundFailed } from './failures.ts'

/**
 * Waits for a place among the calls to a host, at most `waitMs`. The URLs of a host get places in turn. Rejects with
 * OutboundFailed when there is none in time, or the call is aborted.
 */
export type Enter = (url: URL, waitMs: number, signal: AbortSignal | undefined) => Promise<Disposable>

/**
 * A semaphore for each host. A call's time begins when it has its place, so that waiting for other calls does not
 * count.
 */
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
