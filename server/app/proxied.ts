import { join } from 'node:path'
import type { Reader } from '../catalog/reader.ts'
import { openEndpoints } from '../features/endpoints/index.ts'
import { findImmutable } from '../features/immutability/index.ts'
import { findCacheRules } from '../features/projects/index.ts'
import type { Registry } from '../registry/registry.ts'
import { openCacheCounts, type CacheCounts } from '../registry/views/proxied/counts.ts'
import { openProxied, type Proxied } from '../registry/views/proxied/proxied.ts'
import type { OtherSide } from './endpoints.ts'
import type { Ground } from './ground.ts'

/** The folder for what is on its way from other registries; processes with the same data folder share it. */
export const proxiedDir = ({ config }: Ground) => join(config.server.dataDir, 'proxied')

/** How long a download waits for a registry that allows no calls for now, in ms: a client waits for it. */
const downloadPatienceMs = 30_000

/** How often the counts of caches are written down, in ms. */
const countsEveryMs = 5000

/** Marina's own registry, with the projects that cache others. */
export function openProxiedView(
  ground: Ground,
  local: Registry,
  otherSide: OtherSide,
  opened: AsyncDisposableStack,
  { onError, onReceived }: { onError(error: unknown): void; onReceived(bytes: number): void },
): Proxied & { counts: CacheCounts } {
  const { db, cache, blobs: storage, secrets, config, log } = ground
  const reader: Reader = { db, cache }
  const { waitMs, askMs } = config.proxyCache
  const reach = { db, seal: secrets, machineRole: otherSide.machineRole }
  const asks = openEndpoints(
    { ...reach, openRemote: otherSide.openAsking },
    { tries: 2, patienceMs: waitMs, silenceMs: Math.min(askMs, config.endpoints.silenceMs) },
  )
  const blobs = openEndpoints({ ...reach, openRemote: otherSide.openRemote }, { patienceMs: downloadPatienceMs })
  const counts = opened.use(openCacheCounts(db, countsEveryMs, onError))
  const proxied = opened.use(
    openProxied({
      db,
      reader,
      local,
      counts,
      limits: config.proxyCache,
      dir: proxiedDir(ground),
      takesFiles: storage.takeFile !== undefined,
      startDigest: (algorithm, size) => storage.startDigest(algorithm, size),
      log,
      onReceived,
      openUpstream: async (id) => ({ asks: (await asks.open(id)).remote, blobs: (await blobs.open(id)).remote }),
      rulesOf: (projectId) => findCacheRules(reader, projectId),
      async isImmutable(project, repository, tag) {
        const isImmutable = await findImmutable(reader, project.id)
        return isImmutable?.(repository.slice(project.name.length + 1), tag) ?? false
      },
    }),
  )
  return { ...proxied, counts }
}
