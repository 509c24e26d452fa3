import { OciError } from '../../../oci/errors.ts'
import { facts as nouns, type Actor, type Place } from '../../catalog/topics.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { emit } from '../../platform/events/emit.ts'
import type { Reaction } from '../../platform/events/reaction.ts'
import type { Registry } from '../../registry/registry.ts'
import { view, type Through } from '../../registry/views/view.ts'
import { inUnits, shortageIn, shortageText } from './rules.ts'
import { facts } from './topics.ts'

type About = { digest?: string; tags?: string[] }

/**
 * Methods that cannot exceed a limit. A new method of Registry has to be put here or below, or this does not compile.
 */
const untouched = {
  readManifest: true,
  statManifest: true,
  statBlob: true,
  readBlob: true,
  openBlob: true,
  blobUrl: true,
  startUpload: true,
  findUpload: true,
  appendUpload: true,
  cancelUpload: true,
  deleteManifest: true,
  deleteTag: true,
  deleteBlob: true,
  listTags: true,
  listReferrers: true,
  listRepositories: true,
} as const satisfies Through

/** A view of the registry that emits a fact for each push refused for want of room; the refusal is passed on. */
export function tellingShortages(db: Db, registry: Registry): Registry {
  const telling = <Result>(by: Actor, about: About, work: Promise<Result>): Promise<Result> =>
    work.catch(async (error: unknown) => {
      await tellShortage(db, error, by, about)
      throw error
    })
  return view(registry, {
    ...untouched,
    writeManifest: (name, by, push) => telling(by, aboutOf(push), registry.writeManifest(name, by, push)),
    finishUpload: (name, id, by, digest, bytes, at) =>
      telling(by, {}, registry.finishUpload(name, id, by, digest, bytes, at)),
    writeBlob: (name, by, digest, bytes) => telling(by, {}, registry.writeBlob(name, by, digest, bytes)),
    mountBlob: (name, by, from, digest) => telling(by, {}, registry.mountBlob(name, by, from, digest)),
  } satisfies Required<Through>)
}

function aboutOf({ reference, tags }: Parameters<Registry['writeManifest']>[2]): About {
  return 'digest' in reference ? { digest: reference.digest, tags } : { tags: [reference.tag, ...tags] }
}

/** Emits quota.exceeded when the error is a shortage, whatever the request did: the error names the repository. */
export async function tellShortage(db: Db, error: unknown, by: Actor, about: About = {}): Promise<void> {
  const shortage = shortageIn(error)
  if (!shortage) return
  const { projectId, repository } = shortage
  await db
    .transaction((tx) =>
      emit(tx, [facts.quotaExceeded({ projectId, repository, ...about, details: shortageText(shortage) }, by)]),
    )
    // The client's error stays the shortage, also when the fact cannot be written.
    .catch(() => {})
}

/** Emits a warning after each push into a project that uses `percent` of its limit or more, as Harbor does. */
export function warnOfQuota(percent: number): Reaction {
  return {
    name: 'quota-warnings',
    topics: [nouns.artifactPushed.topic],
    begins: 'now',
    async handle(tx, told) {
      await emitWarnings(
        tx,
        told.flatMap((fact) => nouns.artifactPushed.read(fact) ?? []),
        percent,
      )
    },
  }
}

type Push = Place & { digest: string; tags: string[]; by: Actor }

async function emitWarnings(tx: Tx, pushes: Push[], percent: number): Promise<void> {
  const ids = [...new Set(pushes.map(({ projectId }) => projectId))]
  const rows = await tx.rows<{ projectId: number; used: number; hard: number }>(sql`
    select project_id as "projectId", used_storage as used, hard_storage as hard from quota
    where project_id = any(${ids}::bigint[]) and hard_storage <> -1
    and used_storage * 100 >= hard_storage * ${percent}::bigint`)
  const full = new Map(rows.map((row) => [row.projectId, row]))
  const warnings = pushes.flatMap(({ projectId, repository, digest, tags, by }) => {
    const quota = full.get(projectId)
    return quota
      ? [
          facts.quotaWarned(
            {
              projectId,
              repository,
              digest,
              tags,
              details:
                `quota usage reach ${percent}%: ` +
                `resource storage used ${inUnits(quota.used)} of ${inUnits(quota.hard)}`,
            },
            by,
          ),
        ]
      : []
  })
  await emit(tx, warnings)
}

/** The client's error for a push that the database refused for want of room. Undefined for any other error. */
export function shortageOf(error: unknown): OciError | undefined {
  const shortage = shortageIn(error)
  return shortage && new OciError('DENIED', shortageText(shortage), { cause: error })
}
