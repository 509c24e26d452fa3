import { OciError } from '../../../../oci/errors.ts'
import type { OpenEndpoint } from '../../endpoints/index.ts'
import { replicator, type Side } from './side.ts'

/** Another registry as a side. */
export function remoteSide({ endpoint, info, ...opened }: OpenEndpoint, signal: AbortSignal): Side {
  const remote = opened.remote.until(signal)
  return {
    endpointId: endpoint.id,
    name: endpoint.name,
    registry: remote,
    listsDigests: opened.type === 'harbor',
    cannotDeleteTags: info.cannotDeleteTags,
    repositories: (wanted) => opened.repositories(wanted),
    artifacts: (name) => opened.artifacts(name),
    referrers: (name, subject) => remote.referrers(name, subject),
    hasReferrersApi: () => remote.seen.referrersApi,
    prepare: (repositories) => opened.prepare(repositories),
    deleteTag: (name, tag) => opened.deleteTag(name, tag, replicator),
    async dropRepository(name) {
      if (opened.type !== 'harbor') return
      const [project, ...rest] = name.split('/')
      const path = encodeURIComponent(encodeURIComponent(rest.join('/')))
      await remote.api({
        method: 'DELETE',
        path: `/api/v2.0/projects/${project}/repositories/${path}`,
        expects: [200, 404],
      })
    },
    hasBlob: (name, digest) =>
      remote.hasBlob(name, digest).catch((error: unknown) => {
        // Some registries refuse to say what is in a repository that does not exist yet.
        if (error instanceof OciError && (error.code === 'NAME_UNKNOWN' || error.code === 'BLOB_UNKNOWN')) return false
        throw error
      }),
    sendBlob: async (name, blob) => void (await remote.sendBlob(name, replicator, blob)),
  }
}
