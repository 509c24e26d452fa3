import { Type } from 'typebox'
import { OverallHealthStatus } from '../../../api/system.ts'
import { route } from '../access/index.ts'

export { infoRoutes, type About } from './info.ts'

/** One thing Marina uses; `check` rejects when it cannot be used now. Without a spare one everything goes on, only slower. */
export type Component = { name: string; isSpare?: boolean; check(): Promise<void> }

/** A component that says nothing for this long, in ms, counts as unhealthy. */
const patience = 2000

/** `isDraining`: from SIGTERM on, so that a load balancer looks elsewhere while running requests finish. */
export function systemRoutes(components: Component[], isDraining: () => boolean) {
  return [
    route({
      id: 'getPing', tag: 'ping', method: 'GET', path: '/ping', access: 'anyone', isAlikeForAll: true,
      summary: 'Is the process there?',
      schema: { answers: { 200: Type.String() } },
      handler: async () => ({ status: 200, body: 'Pong' }),
    }),
    route({
      id: 'getHealth', tag: 'health', method: 'GET', path: '/health', access: 'anyone', isAlikeForAll: true,
      summary: 'State of the parts that Marina needs',
      schema: { answers: { 200: OverallHealthStatus, 503: OverallHealthStatus } },
      async handler() {
        const states = await Promise.all(components.map(examine))
        const isDegraded = states.some(({ status }) => status !== 'healthy')
        const isUnhealthy = isDraining() || components.some(({ isSpare }, index) => !isSpare && states[index]!.status !== 'healthy')
        if (isDraining()) states.push({ name: 'core', status: 'unhealthy', error: 'shutting down' })
        else states.unshift({ name: 'core', status: 'healthy' })
        // Harbor's own word is `healthy`, only when every part is; what else there is, is ours to say. Harbor answers 200 either way; a load balancer needs to see the end of a process coming.
        return { status: isDraining() ? 503 : 200, body: { status: isUnhealthy ? 'unhealthy' : isDegraded ? 'degraded' : 'healthy', components: states } }
      },
    }),
  ]
}

async function examine({ name, check }: Component): Promise<{ name: string; status: 'healthy' | 'unhealthy'; error?: string }> {
  const late = new Promise<never>((_, reject) => setTimeout(reject, patience, new Error('no answer')).unref())
  try {
    await Promise.race([check(), late])
    return { name, status: 'healthy' }
  } catch {
    // The reason may name hosts and folders; it stands in the log and the metrics, not before strangers.
    return { name, status: 'unhealthy', error: 'cannot be used now' }
  }
}
