import type { Adapter, Reach } from './adapter.ts'
import { isAbsent, listedTag, paged, rowsIn, unknownName, type Row } from './answers.ts'

/**
 * Azure Container Registry: repositories by `/v2/_catalog`, tags by its own API, which tells digests and can untag
 * (https://learn.microsoft.com/rest/api/containerregistry/).
 */
export const azureAcr: Adapter = {
  type: 'azure-acr',
  info: { resources: ['image', 'artifact'], copiesByChunk: true },

  async *artifacts(reach, name) {
    for await (const { name: tag, digest } of tagsOf(reach, name)) yield* listedTag(tag, digest)
  },

  async deleteTag({ remote }, name, tag) {
    const authorization = { scope: `repository:${name}:delete` }
    await remote.api({ method: 'DELETE', path: `/acr/v1/${name}/_tags/${tag}`, authorization, expects: [202, 404] })
  },
}

async function* tagsOf({ remote }: Reach, name: string): AsyncGenerator<Row> {
  const path = `/acr/v1/${name}/_tags?n=100`
  const authorization = { scope: `repository:${name}:metadata_read` }
  yield* paged(remote, path, async (cursor = path) => {
    const reply = await remote.api({ path: cursor, authorization, expects: [200, 404] })
    if (isAbsent(reply)) throw unknownName(name)
    return { rows: rowsIn(reply, remote, path, 'tags'), next: reply.next }
  })
}
