import type { Adapter, Reach } from './adapter.ts'
import { asNames, isAbsent, listedTag, paged, rowsIn, textIn, unknownName, type Row } from './answers.ts'
import { belowFirst, firstPart, firstParts, namespaceOf } from './wanted.ts'

/** Docker Trusted Registry, now Mirantis Secure Registry 2, by its API v0 (https://docs.mirantis.com/msr/). */
export const dtr: Adapter = {
  type: 'dtr',
  info: { resources: ['image'], nameParts: { least: 2, most: 2 } },

  async *list(reach, wanted) {
    const namespace = namespaceOf(wanted)
    const path = `/api/v0/repositories${namespace === undefined ? '' : `/${namespace}`}`
    for await (const row of listed(reach, path, 'repositories'))
      yield* asNames([`${textIn(row, 'namespace')}/${textIn(row, 'name')}`])
  },

  async *artifacts(reach, name) {
    const path = `/api/v0/repositories/${name}/tags`
    for await (const row of listed(reach, path, '', name)) yield* listedTag(row['name'], row['digest'])
  },

  /** Neither accounts nor repositories are made by a push. */
  async prepare({ remote }, repositories) {
    for (const name of firstParts(repositories)) {
      const found = await remote.api({ path: `/enzi/v0/accounts/${name}`, expects: [200, 404] })
      if (found.status === 404) await make(remote, '/enzi/v0/accounts', { name, fullName: name, isOrg: true })
    }
    for (const { name, isPublic } of repositories) {
      const found = await remote.api({ path: `/api/v0/repositories/${name}`, expects: [200, 404] })
      const body = { name: belowFirst(name), visibility: isPublic ? 'public' : 'private', enableManifestLists: true }
      if (found.status === 404) await make(remote, `/api/v0/repositories/${firstPart(name)}`, body)
    }
  },

  async deleteTag({ remote }, name, tag) {
    const path = `/api/v0/repositories/${name}/tags/${tag}`
    await remote.api({ method: 'DELETE', path, expects: [200, 204, 404] })
  },
}

/** 409: somebody else has just made it. */
async function make(remote: Reach['remote'], path: string, body: object): Promise<void> {
  await remote.api({ method: 'POST', path, body, expects: [200, 201, 409], isRepeatable: true })
}

/** A list whose header X-Next-Page-Start says where the next page begins. */
async function* listed({ remote }: Reach, path: string, key: string, name?: string): AsyncGenerator<Row> {
  yield* paged(remote, path, async (cursor) => {
    const more = cursor === undefined ? '' : `&pageStart=${encodeURIComponent(cursor)}`
    const expects = name === undefined ? [200] : [200, 404]
    const reply = await remote.api({ path: `${path}?pageSize=100${more}`, expects })
    if (name !== undefined && isAbsent(reply)) throw unknownName(name)
    const next = String(reply.headers['x-next-page-start'] ?? '') || undefined
    return { rows: rowsIn(reply, remote, path, key), next }
  })
}
