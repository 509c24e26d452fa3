import * as api from '../../../api/system.ts'
import { Reply } from '../../platform/http/reply.ts'
import { examine, type Component, type State } from '../../platform/observe/health.ts'
import { route, type ApiRoute } from '../access/index.ts'

/** `isDraining`: from SIGTERM on, so that a load balancer looks elsewhere while running requests finish. */
export function healthRoutes(list: () => Component[], isDraining: () => boolean): ApiRoute[] {
  return [
    route(api.getPing, 'anyone', async () => 'Pong', { isAlikeForAll: true }),
    route(
      api.getHealth,
      'anyone',
      async () => {
        const components = list()
        const states: State[] = await Promise.all(components.map(examine))
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
