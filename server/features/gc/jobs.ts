import type { Reader } from '../../catalog/reader.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Blobs } from '../../platform/blobs/blobs.ts'
import type { Db } from '../../platform/db/db.ts'
import { handler, jobType, type JobHandler, type Params } from '../../platform/jobs/type.ts'
import type { UntagGates } from '../../registry/gate.ts'
import { collect } from './collect.ts'
import type { CollectOptions, Done } from './run.ts'
import { beginOf, isWithin, type TimeWindow } from './window.ts'

export type CollectParams = { delete_untagged: boolean; dry_run: boolean; workers: number }

/** One run at a time in all processes (F37). A dead worker leaves the queues intact; a run has 3 tries at most. */
export const collection = jobType<CollectParams>({
  name: 'GARBAGE_COLLECTION',
  isSingle: true,
  isAlone: true,
  maxTries: 3,
  keep: 50,
})

/** `window` holds for scheduled runs only; a run that an administrator starts works at once. */
type CollectSettings = Pick<CollectOptions, 'delayMs' | 'keepMs' | 'perSecond'> & {
  window: TimeWindow | undefined
}
type Ground = Reader & { db: Db; blobs: Blobs; gates: UntagGates }

const marina: Actor = { kind: 'system', id: null, name: 'garbage collection' }

export function collectionHandler({ db, blobs, gates }: Ground, { window, ...settings }: CollectSettings): JobHandler {
  return handler(collection, async ({ params, trigger, earlier, signal, log, progress, keep }) => {
    const mayGoOn = () => trigger !== 'SCHEDULE' || window === undefined || isWithin(window, new Date())
    const options = {
      ...settings,
      isUntaggedGarbage: params.delete_untagged,
      isDryRun: params.dry_run,
      workers: params.workers,
      mayGoOn,
      ...(window && { begins: beginOf(window) }),
    }
    const totals = await collect({
      db,
      blobs,
      gates,
      by: marina,
      signal,
      log,
      options,
      ...(Object.keys(earlier).length > 0 && { earlier: doneOf(earlier) }),
      progress: ({ estimate, ...done }) => progress({ ...attrsOf(done), estimate }),
      keep: (tx, done) => keep(tx, attrsOf(done)),
    })
    return { attrs: attrsOf(totals) }
  })
}

/** The counts by Harbor's names; `ended_holds` and `removed_files` are ours. */
function attrsOf({ artifacts, links, blobs, files, freed }: Done) {
  return {
    purged_manifests: artifacts,
    purged_blobs: blobs,
    freed_space: freed,
    ended_holds: links,
    removed_files: files,
  }
}

function doneOf(attrs: Params): Done {
  const count = (name: string) => Number(attrs[name] ?? 0)
  return {
    artifacts: count('purged_manifests'),
    blobs: count('purged_blobs'),
    freed: count('freed_space'),
    links: count('ended_holds'),
    files: count('removed_files'),
  }
}
