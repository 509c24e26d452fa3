import { measureUnsynced } from '../catalog/unsynced.ts'
import type { Feature } from '../platform/feature.ts'
import type { Metrics } from '../platform/observe/metrics.ts'
import { flushUnsynced, recoverUnsynced, sweepUnsynced } from '../registry/local/unsynced/flush.ts'
import type { Ground } from './ground.ts'

type Parts = Required<Pick<Feature, 'prepare' | 'sweeps' | 'measure'>>

/** How often files that are due are synced, in ms. */
const everyMs = 5000
/** The most time that an orderly end takes for files that wait for their sync, in ms; the next start does the rest. */
const endMs = 5000

/** Small blobs whose files are not synced yet: looked at before the first request, synced in rounds and at the end. */
export function unsyncedBlobs({ db, blobs, config, log }: Ground): Parts {
  const ground = { db, blobs }
  const { unsyncedDelayMs: delayMs, unsyncedBytes: backlogBytes } = config.storage
  return {
    async prepare() {
      try {
        const { healed } = await recoverUnsynced(ground)
        if (healed > 0) log.warn({ healed }, 'files that the disk had lost were written again from the database')
      } catch (error) {
        // A full disk is no reason not to serve: what is missing is read from the database.
        log.error({ err: error }, 'small files could not be looked at; the next rounds try again')
      }
    },
    sweeps: blobs.unsynced
      ? [
          {
            trouble: 'small files not synced',
            everyMs,
            run: (signal) => sweepUnsynced(ground, { delayMs, backlogBytes, signal }),
            atEnd: () => flushUnsynced(ground, { signal: AbortSignal.timeout(endMs) }),
          },
        ]
      : [],
    measure: (metrics) => measureAll(metrics, () => measureUnsynced(db.relaxed)),
  }
}

/** The same in every process: the database counts them. */
function measureAll(metrics: Metrics, read: () => ReturnType<typeof measureUnsynced>): void {
  const gauge = (name: string, help: string, key: 'blobs' | 'bytes') =>
    metrics.gauges(name, help, [], async () => [{ labels: [], value: (await read())[key] }])
  gauge('marina_unsynced_blobs', 'Small blobs whose bytes are in the database until their files are synced', 'blobs')
  gauge('marina_unsynced_bytes', 'Bytes of small blobs in the database until their files are synced', 'bytes')
}
