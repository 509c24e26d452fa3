import * as api from '../../../api/system.ts'
import { content, Reply } from '../../platform/http/reply.ts'
import { route, type ApiRoute } from '../access/index.ts'

/**
 * A part that Marina depends on; `check` rejects when it cannot be used now. Without a spare component everything still
 * works, only slower.
 */
export type Component = { name: string; isSpare?: boolean; check(): Promise<void> }

/** A component that does not answer within this time, in ms, counts as unhealthy. */
const patience = 2000

/** `isDraining`: true from SIGTERM on, so that a load balancer stops sending requests while running ones finish. */
export function healthRoutes(components: Component[], isDraining: () => boolean): ApiRoute[] {
  return [
    route(api.getPing, 'anyone', async () => content('application/json', '"Pong"'), { isAlikeForAll: true }),
    route(
      api.getHealth,
      'anyone',
      async () => {
        const states = await Promise.all(components.map(examine))
        const isDegraded = states.some(({ status }) => status !== 'healthy')
        const isUnhealthy =
          isDraining() || components.some(({ isSpare }, index) => !isSpare && states[index]!.status !== 'healthy')
        if (isDraining()) states.push({ name: 'core', status: 'unhealthy', error: 'shutting down' })
        else states.unshift({ name: 'core', status: 'healthy' })
        // `healthy`, when every part is, is Harbor's word; `degraded` is ours. Harbor always answers 200; a load
        // balancer needs the 503 to see that this process is about to end.
        const body = { status: isUnhealthy ? 'unhealthy' : isDegraded ? 'degraded' : 'healthy', components: states }
        return isDraining() ? new Reply(body, { status: 503 }) : body
      },
      { isAlikeForAll: true },
    ),
  ]
}

async function examine({
  name,
  check,
}: Component): Promise<{ name: string; status: 'healthy' | 'unhealthy'; error?: string }> {
  const late = new Promise<never>((_, reject) => setTimeout(reject, patience, new Error('no answer')).unref())
  try {
    await Promise.race([check(), late])
    return { name, status: 'healthy' }
  } catch {
    // The reason may name hosts and folders: it is in the log and the metrics, but not shown to anonymous callers.
    return { name, status: 'unhealthy', error: 'cannot be used now' }
  }
}
