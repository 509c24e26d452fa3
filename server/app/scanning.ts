import { resolve } from 'node:path'
import { issuesCredentials, type scanning } from '../features/scanning/index.ts'
import type { Outbound } from '../platform/outbound/outbound.ts'
import { localUrlOf } from './addresses.ts'
import type { Ground } from './ground.ts'
import type { Floor } from './registry.ts'

/** What the feature that scans images is given. */
export function lentToScanning(ground: Ground, floor: Floor, outbound: Outbound): Parameters<typeof scanning>[0] {
  const { db, cache, secrets, config } = ground
  return {
    db,
    seal: secrets,
    outbound,
    reader: { db, cache },
    registry: floor.registry,
    gates: floor.gates,
    rules: config.scanning,
    vulndb: config.vulndb,
    ...trivyOf(config),
    issueCredential: issuesCredentials(floor.tokens),
    registryUrls: registryUrlsOf(config),
  }
}

/** The program Trivy, where an administrator has named one. */
function trivyOf({ server, scanning: rules, vulndb }: Ground['config']) {
  const { trivy: program, trivyCache, trivyDownloads: mayDownload, trivyTimeoutMs, trivyMemoryBytes } = rules
  if (program === undefined) return {}
  const cacheDir = trivyCache ?? resolve(server.dataDir, 'trivy')
  const bounds = { timeoutMs: trivyTimeoutMs, memoryBytes: trivyMemoryBytes, staleMs: vulndb.staleMs }
  return { trivy: { program, cacheDir, mayDownload, ...bounds } }
}

/** Where scanners pull images from: the address of clients, and the one for scanners beside Marina. */
function registryUrlsOf({ server, scanning: { internalUrl } }: Ground['config']) {
  const here = ['0.0.0.0', '::', ''].includes(server.host) ? 'localhost' : server.host
  const listening = `http://${here.includes(':') ? `[${here}]` : here}:${server.port}`
  return { external: localUrlOf(server), internal: internalUrl ?? listening }
}
