import type { Ground } from './ground.ts'

/** Adds the metrics of database and cache; each feature adds its own by `measure`. */
export function measureGround({ metrics, db, cache, layers, peers }: Ground): void {
  metrics.gauge('marina_database_connections', 'Connections to PostgreSQL', () => db.counts().total)
  metrics.gauge(
    'marina_database_connections_idle',
    'Connections to PostgreSQL that wait for work',
    () => db.counts().idle,
  )
  metrics.gauge('marina_database_waiting', 'Requests waiting for a connection', () => db.counts().waiting)
  metrics.gauge('marina_cache_bytes', 'Bytes held by the memory cache', () => cache.size().bytes)
  metrics.gauge('marina_cache_entries', 'Facts held by the memory cache', () => cache.size().entries)
  metrics.gauge('marina_cache_processes', 'Processes that agree on what is cached, this one included', () =>
    peers.count(),
  )
  metrics.counts('marina_cache_events_total', 'What happened to cached facts', ['layer', 'resource', 'event'], () =>
    layers
      .counts()
      .flatMap(({ layer, resource, counts }) =>
        Object.entries(counts).map(([event, value]) => ({ labels: [layer, resource, event], value })),
      ),
  )
}
