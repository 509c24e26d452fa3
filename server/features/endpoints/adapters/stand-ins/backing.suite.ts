import { callApi } from '../../../../testing/api.ts'
import { expectAnswer } from '../../../../testing/http.ts'
import type { TestMarina } from '../../../../testing/server.ts'

type Tag = { name: string; digest: string }

/** The registry behind a stand-in, as its vendor sees it. */
export type Backing = {
  /** Whole names, sorted: of one namespace, or all. */
  repositories(namespace?: string): Promise<string[]>
  /** Undefined when there is no such repository. */
  tags(repository: string): Promise<Tag[] | undefined>
  deleteTag(repository: string, tag: string): Promise<boolean>
  namespaces(): Promise<string[]>
  makeNamespace(name: string, isPublic?: boolean): Promise<void>
}

/** A Marina as the registry behind a stand-in: its projects are the namespaces. */
export function openBacking(marina: TestMarina): Backing {
  const ask = (method: string, path: string, body?: unknown) =>
    callApi(marina, method, path, { as: marina.admin, ...(body === undefined ? {} : { body }) })
  // Those of other stand-ins are not listed: a test with all of them would read long lists.
  const made = new Set<string>()
  const namespaces = async () => [...made]
  const pathOf = (repository: string) => {
    const [project, ...rest] = repository.split('/')
    return `/projects/${project}/repositories/${encodeURIComponent(encodeURIComponent(rest.join('/')))}`
  }
  return {
    namespaces,
    async repositories(namespace) {
      const wanted = namespace === undefined ? await namespaces() : [namespace]
      const lists = await Promise.all(
        wanted.map(async (one) => {
          const answer = await ask('GET', `/projects/${one}/repositories?page_size=100`)
          return answer.status === 200 ? (answer.json() as { name: string }[]) : []
        }),
      )
      return lists
        .flat()
        .map(({ name }) => name)
        .sort()
    },
    async tags(repository) {
      const answer = await ask('GET', `${pathOf(repository)}/artifacts?page_size=100`)
      if (answer.status === 404) return undefined
      const artifacts = expectAnswer(answer, 200).json() as { digest: string; tags: { name: string }[] | null }[]
      return artifacts.flatMap(({ digest, tags }) => (tags ?? []).map(({ name }) => ({ name, digest })))
    },
    async deleteTag(repository, tag) {
      const { status } = await ask('DELETE', `${pathOf(repository)}/artifacts/${tag}/tags/${tag}`)
      return status === 200
    },
    async makeNamespace(name, isPublic = false) {
      made.add(name)
      expectAnswer(await ask('POST', '/projects', { project_name: name, metadata: { public: String(isPublic) } }), 201)
    },
  }
}
