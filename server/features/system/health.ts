import * as api from '../../../api/system.ts'
import { content, Reply } from '../../platform/http/reply.ts'
import { examine, type Component, type State } from '../../platform/observe/health.ts'
import { route, type ApiRoute } from '../access/index.ts'

/** How the background parts are that run in another process of this Marina. */
export type Elsewhere = () => Promise<State[]>

const unreachable: State = { name: 'background', status: 'unhealthy', error: 'cannot be used now' }

/** `isDraining`: true from SIGTERM on, so that a load balancer stops sending requests while running ones finish. */
export function healthRoutes(
  list: () => Component[],
  isDraining: () => boolean,
  elsewhere: Elsewhere = async () => [],
): ApiRoute[] {
  return [
    route(api.getPing, 'anyone', async () => content('application/json', '"Pong"'), { isAlikeForAll: true }),
    route(
      api.getHealth,
      'anyone',
      async () => {
        const components = list()
        const [own, others] = await Promise.all([
          Promise.all(components.map(examine)),
          elsewhere().catch(() => [unreachable]),
        ])
        const names = new Set(others.map(({ name }) => name))
        const states: State[] = [...own.filter(({ name }) => !names.has(name)), ...others]
        const isDegraded = states.some(({ status }) => status !== 'healthy')
        const isUnhealthy =
          isDraining() || components.some(({ isSpare }, index) => !isSpare && own[index]!.status !== 'healthy')
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
