import type { Adapter, Reach } from './adapter.ts'
import { asNames, listedTag, paged, rowsIn, textIn, textsIn, type Row } from './answers.ts'
import { belowFirst, firstPart, firstParts, namespaceOf } from './wanted.ts'

/** Kinds of Artifactory's repositories that hold images, and the part of the path at which each is a registry. */
const kinds: Readonly<Record<string, string>> = { docker: 'docker', oci: 'oci', helmoci: 'oci' }

/**
 * JFrog Artifactory, whose Docker repositories are the first part of the names (its "repository path" method). Its REST
 * API lists and makes them (https://jfrog.com/help/r/jfrog-rest-apis).
 */
export const jfrogArtifactory: Adapter = {
  type: 'jfrog-artifactory',
  info: { resources: ['image'], nameParts: { least: 2 } },

  async *list(reach, wanted) {
    const only = namespaceOf(wanted)
    for (const row of await repositoriesOf(reach)) {
      const key = textIn(row, 'key')
      const kind = kinds[textIn(row, 'packageType').toLowerCase()]
      if (kind === undefined || (only !== undefined && key !== only)) continue
      for await (const name of catalogOf(reach, `/artifactory/api/${kind}/${key}/v2/_catalog?n=1000`))
        yield* asNames([`${key}/${name}`])
    }
  },

  async *artifacts({ remote }, name) {
    for await (const tag of remote.tags(name)) yield* listedTag(tag)
  },

  async prepare(reach, repositories) {
    const known = new Set((await repositoriesOf(reach)).map((row) => textIn(row, 'key')))
    for (const key of firstParts(repositories).filter((one) => !known.has(one))) {
      const body = { key, rclass: 'local', packageType: 'docker', repoLayoutRef: 'simple-default' }
      await reach.remote.api({ method: 'PUT', path: `/artifactory/api/repositories/${key}`, body, expects: [200, 201] })
    }
  },

  /** A tag is a folder of its own there. */
  async deleteTag({ remote }, name, tag) {
    const path = `/artifactory/${firstPart(name)}/${belowFirst(name)}/${tag}`
    await remote.api({ method: 'DELETE', path, expects: [200, 204, 404] })
  },
}

async function repositoriesOf({ remote }: Reach): Promise<Row[]> {
  const path = '/artifactory/api/repositories'
  return rowsIn(await remote.api({ path }), remote, path)
}

/** Images of one repository, by the catalogue of its own registry. */
async function* catalogOf({ remote }: Reach, path: string): AsyncGenerator<string> {
  const rows = paged(remote, path, async (cursor = path) => {
    const reply = await remote.api({ path: cursor })
    const names = textsIn(reply, remote, path, 'repositories')
    return { rows: names.map((name) => ({ name })), next: reply.next }
  })
  for await (const row of rows) yield textIn(row, 'name')
}
