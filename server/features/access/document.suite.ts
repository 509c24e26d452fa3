import type { TestMarina } from '../../testing/server.ts'
import { operations, type Operation } from './operations.suite.ts'

/** An operation of the document, and what the table says of it. */
export type Listed = { id: string; method: string; path: string; query: string[]; body: string[]; operation: Operation }

type Document = {
  paths: Record<
    string,
    Record<
      string,
      {
        operationId: string
        parameters?: { name: string; in: string }[]
        requestBody?: { content: Record<string, { schema: { properties?: object } }> }
      }
    >
  >
}

/** The operations that the running Marina describes, and the ids of those that the table does not know. */
export async function readDocument(marina: TestMarina): Promise<{ listed: Listed[]; unlisted: string[] }> {
  const document = (await marina.ask('GET', '/api/v2.0/openapi.json')).json() as Document
  const all = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId, parameters = [], requestBody }]) => ({
      id: operationId,
      method: method.toUpperCase(),
      path: path.replace(/^\/api\/v2\.0/, ''),
      query: parameters.filter((one) => one.in === 'query').map(({ name }) => name),
      body: Object.keys(requestBody?.content['application/json']?.schema.properties ?? {}),
    })),
  )
  const listed = all.flatMap((one) => (operations[one.id] ? [{ ...one, operation: operations[one.id]! }] : []))
  // Last, since an account that has made a project administers it, and other operations of this list ask for that role.
  listed.sort((a, b) => Number(a.id === 'createProject') - Number(b.id === 'createProject'))
  return { listed, unlisted: all.filter(({ id }) => !operations[id]).map(({ id }) => id) }
}
