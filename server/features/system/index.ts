import { Type } from 'typebox'
import { OverallHealthStatus } from '../../../api/system.ts'
import { route } from '../access/index.ts'

export { infoRoutes, type About } from './info.ts'

/** One thing Marina needs; `check` rejects when it cannot be used now. */
export type Component = { name: string; check(): Promise<void> }

/** A component that says nothing for this long, in ms, counts as unhealthy. */
const patience = 2000

/** `isDraining`: from SIGTERM on, so that a load balancer looks elsewhere while running requests finish. */
export function systemRoutes(components: Component[], isDraining: () => boolean) {
  return [
    route({
      id: 'getPing', tag: 'ping', method: 'GET', path: '/ping', access: 'anyone',
      summary: 'Is the process there?',
      schema: { answers: { 200: Type.String() } },
      handler: async () => ({ status: 200, body: 'Pong' }),
    }),
    route({
      id: 'getHealth', tag: 'health', method: 'GET', path: '/health', access: 'anyone',
      summary: 'State of the parts that Marina needs',
      schema: { answers: { 200: OverallHealthStatus, 503: OverallHealthStatus } },
      async handler() {
        const states = await Promise.all(components.map(examine))
        if (isDraining()) states.push({ name: 'core', status: 'unhealthy', error: 'shutting down' })
        else states.unshift({ name: 'core', status: 'healthy' })
        const isHealthy = states.every(({ status }) => status === 'healthy')
        // Harbor answers 200 either way; a load balancer needs to see the end of a process coming.
        return { status: isDraining() ? 503 : 200, body: { status: isHealthy ? 'healthy' : 'unhealthy', components: states } }
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
