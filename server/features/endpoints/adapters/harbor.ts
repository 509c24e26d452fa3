import type { RepositoryName } from '../../../../oci/reference.ts'
import { isTag } from '../../../../oci/reference.ts'
import { isDigest } from '../../../../oci/digest.ts'
import type { Remote } from '../../../registry/remote/remote.ts'
import type { Adapter, Expected, ListedArtifact } from './adapter.ts'
import { asNames, isAbsent, isRow, paged, rowsIn, textIn, unknownName, type Row } from './answers.ts'
import { belowFirst, firstPart, namespaceOf } from './wanted.ts'

/** Harbor 2.x and Marina, by Harbor's API v2.0: projects, labels, and tags with their digests in one list. */
export const harbor: Adapter = {
  type: 'harbor',
  info: {
    resources: ['image', 'artifact'],
    filtersByLabel: true,
    copiesByChunk: true,
    nameParts: { least: 2 },
  },

  async *list({ remote }, wanted) {
    for await (const project of projectsOf(remote, namespaceOf(wanted))) {
      if (wanted.prefix.includes('/') && project !== firstPart(wanted.prefix)) continue
      const path = `/api/v2.0/projects/${encodeURIComponent(project)}/repositories?page_size=100&sort=name`
      for await (const row of linked(remote, path)) yield* asNames([textIn(row, 'name')])
    }
  },

  async *artifacts({ remote }, name) {
    const path = `${pathOf(name)}/artifacts?page_size=100&with_tag=true&with_label=true&with_accessory=true`
    for await (const row of linked(remote, path, name)) yield listed(row)
  },

  async prepare({ remote }, repositories) {
    for (const [project, isPublic] of projectsFor(repositories)) {
      // Looked for first, as the credential may be allowed to push to a project and not to make one.
      if (await hasProject(remote, project)) continue
      const body = { project_name: project, metadata: { public: String(isPublic) } }
      await remote.api({ method: 'POST', path: '/api/v2.0/projects', body, expects: [201, 409], isRepeatable: true })
    }
  },

  async deleteTag({ remote }, name, tag) {
    const path = `${pathOf(name)}/artifacts/${tag}/tags/${tag}`
    await remote.api({ method: 'DELETE', path, expects: [200, 404] })
  },
}

/** Names of projects: the one that is wanted, if there is one, or all that the credential may see. */
async function* projectsOf(remote: Remote, wanted: string | undefined): AsyncGenerator<string> {
  const query = wanted === undefined ? '' : `&name=${encodeURIComponent(wanted)}`
  for await (const row of linked(remote, `/api/v2.0/projects?page_size=100${query}`)) yield textIn(row, 'name')
}

/** Everybody with a login may ask this; all other questions about an absent project are 403 or 401 to robots. */
async function hasProject(remote: Remote, project: string): Promise<boolean> {
  const path = `/api/v2.0/projects?project_name=${encodeURIComponent(project)}`
  return (await remote.api({ method: 'HEAD', path, expects: [200, 404] })).status === 200
}

/** A list whose next page the Link header names. With the name of its repository: throws NAME_UNKNOWN. */
async function* linked(remote: Remote, path: string, name?: string): AsyncGenerator<Row> {
  yield* paged(remote, path, async (cursor = path) => {
    if (name === undefined) {
      const reply = await remote.api({ path: cursor })
      return { rows: rowsIn(reply, remote, path), next: reply.next }
    }
    const reply = await remote.api({ path: cursor, expects: [200, 403, 404] })
    if (isAbsent(reply) || (reply.status === 403 && !(await hasProject(remote, firstPart(name)))))
      throw unknownName(name)
    // The right is missing after all: the same call again throws the error that says so.
    if (reply.status === 403) await remote.api({ path: cursor })
    return { rows: rowsIn(reply, remote, path), next: reply.next }
  })
}

/** Harbor wants a slash in a repository's name encoded twice. */
const pathOf = (name: RepositoryName) =>
  `/api/v2.0/projects/${encodeURIComponent(firstPart(name))}/repositories/` +
  encodeURIComponent(encodeURIComponent(belowFirst(name)))

function listed(row: Row): ListedArtifact {
  const [digest, kind] = [textIn(row, 'digest'), textIn(row, 'type')]
  const namesIn = (key: string) =>
    (Array.isArray(row[key]) ? row[key] : []).filter(isRow).map((one) => textIn(one, 'name'))
  return {
    tags: namesIn('tags').filter(isTag),
    digest: isDigest(digest) ? digest : undefined,
    labels: namesIn('labels'),
    kind: kind || undefined,
    ...accessoriesIn(row),
  }
}

/** Of an index only its own are listed, not those of its children: then they are not known. */
function accessoriesIn(row: Row): Pick<ListedArtifact, 'accessories'> {
  if (Array.isArray(row['references']) && row['references'].length > 0) return {}
  const rows = (Array.isArray(row['accessories']) ? row['accessories'] : []).filter(isRow)
  return { accessories: rows.map((one) => textIn(one, 'digest')).filter(isDigest) }
}

/** Projects to make. One is public when all repositories that go into it are known to be public (S3-35). */
function projectsFor(repositories: Expected[]): Map<string, boolean> {
  const projects = new Map<string, boolean>()
  for (const { name, isPublic = false } of repositories)
    projects.set(firstPart(name), isPublic && projects.get(firstPart(name)) !== false)
  return projects
}
