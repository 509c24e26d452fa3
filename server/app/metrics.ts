import { examine, type Component } from '../platform/observe/health.ts'
import type { Metrics } from '../platform/observe/metrics.ts'
import type { Ground } from './ground.ts'

/** Adds the metrics of database, cache and components; each feature adds its own by `measure`. */
export function measureGround({ metrics, db, cache, layers, peers }: Ground, components: readonly Component[]): void {
  measureComponents(metrics, components)
  metrics.gauge('marina_database_connections', 'Connections to PostgreSQL', () => db.counts().total)
  metrics.gauge(
    'marina_database_connections_idle',
    'Connections to PostgreSQL that wait for work',
    () => db.counts().idle,
  )
  metrics.gauge('marina_database_waiting', 'Requests waiting for a connection', () => db.counts().waiting)
  metrics.gauge('marina_cache_bytes', 'Bytes held by the memory cache', () => cache.size().bytes)
  metrics.gauge('marina_cache_entries', 'Facts held by the memory cache', () => cache.size().entries)
  const agreeing = 'Processes that agree on what is cached, this one included'
  metrics.gauge('marina_cache_processes', agreeing, () => peers.count(), 'max')
  metrics.counts('marina_cache_events_total', 'What happened to cached facts', ['layer', 'resource', 'event'], () =>
    layers
      .counts()
      .flatMap(({ layer, resource, counts }) =>
        Object.entries(counts).map(([event, value]) => ({ labels: [layer, resource, event], value })),
      ),
  )
}

/** What health looks at, in a process that answers nobody as well. */
export function measureComponents(metrics: Metrics, components: readonly Component[]): void {
  const help = '1 while a component of /api/v2.0/health is healthy, 0 while it is not'
  metrics.gauges('marina_component_healthy', help, ['component'], async () => {
    const states = await Promise.all(components.map(examine))
    return states.map(({ name, status }) => ({ labels: [name], value: status === 'healthy' ? 1 : 0 }))
  })
}
