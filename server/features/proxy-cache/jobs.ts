import type { Reference, RepositoryName } from '../../../oci/reference.ts'
import { isDigest } from '../../../oci/digest.ts'
import { isRepositoryName, isTag } from '../../../oci/reference.ts'
import { findProjectById, type Project } from '../../catalog/project.ts'
import type { Db } from '../../platform/db/db.ts'
import { handler, HopelessJob, jobType, type Job, type JobHandler, type Outcome } from '../../platform/jobs/type.ts'
import type { Prefetch } from '../../registry/views/proxied/prefetch.ts'
import type { CacheProject } from '../../registry/views/proxied/types.ts'

type PrefetchParams = { projectId: number; images: string[]; platforms: string[] }

/** A run that is cut short begins anew: what is here already is passed over. */
export const prefetchType = jobType<PrefetchParams>({
  name: 'PROXY_CACHE_PREFETCH',
  concurrency: 2,
  maxTries: 3,
  countsLosses: true,
})

/** The most images that the answer names as failed. */
const mostNamed = 100

export const isCache = (project: Project): project is CacheProject => project.endpointId !== null

export function prefetchHandler({ db, prefetch }: { db: Db; prefetch: Prefetch }): JobHandler {
  return handler(prefetchType, async (job) => {
    const project = await findProjectById(db, job.params.projectId)
    if (!project || !isCache(project)) throw new HopelessJob('the project was deleted')
    return fetchAll(job, project, prefetch)
  })
}

async function fetchAll(job: Job<PrefetchParams>, project: CacheProject, prefetch: Prefetch): Promise<Outcome> {
  const { images, platforms } = job.params
  const failed: { image: string; reason: string }[] = []
  let done = 0
  for (const image of images) {
    job.signal.throwIfAborted()
    try {
      const blobs = await prefetch(project, { ...parseImage(project.name, image)!, platforms }, job.signal)
      done++
      job.log(`${image}: ${blobs} blobs fetched`)
    } catch (error) {
      job.signal.throwIfAborted()
      const reason = error instanceof Error ? error.message : String(error)
      failed.push({ image, reason })
      job.log(`${image}: ${reason}`, 'ERROR')
    }
    job.progress({ done, images: images.length, failed: failed.slice(0, mostNamed) })
  }
  const attrs = { done, images: images.length, failed: failed.slice(0, mostNamed) }
  if (failed.length > 0) throw new HopelessJob(`${failed.length} of ${images.length} images could not be fetched`)
  return { attrs }
}

/** `library/nginx:1.27` or `library/nginx@sha256:...`, of a project; undefined when it is neither. */
export function parseImage(project: string, image: string): { name: RepositoryName; reference: Reference } | undefined {
  const at = image.indexOf('@')
  const colon = image.indexOf(':', image.lastIndexOf('/') + 1)
  const cut = at >= 0 ? at : colon
  const name = `${project}/${cut < 0 ? image : image.slice(0, cut)}`
  const text = cut < 0 ? 'latest' : image.slice(cut + 1)
  if (!isRepositoryName(name)) return undefined
  if (at >= 0) return isDigest(text) ? { name, reference: { digest: text } } : undefined
  return isTag(text) ? { name, reference: { tag: text } } : undefined
}
