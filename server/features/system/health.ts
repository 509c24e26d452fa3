import * as api from '../../../api/system.ts'
import { content, Reply } from '../../platform/http/reply.ts'
import { route, type ApiRoute } from '../access/index.ts'

/** One thing Marina uses; `check` rejects when it cannot be used now. Without a spare one everything goes on, only slower. */
export type Component = { name: string; isSpare?: boolean; check(): Promise<void> }

/** A component that says nothing for this long, in ms, counts as unhealthy. */
const patience = 2000

/** `isDraining`: from SIGTERM on, so that a load balancer looks elsewhere while running requests finish. */
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
        // Harbor's own word is `healthy`, only when every part is; `degraded` is ours. Harbor answers 200 either way; a load
        // balancer needs to see the end of a process coming.
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
    // The reason may name hosts and folders; it stands in the log and the metrics, not before strangers.
    return { name, status: 'unhealthy', error: 'cannot be used now' }
  }
}
