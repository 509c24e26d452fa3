import type { Answer, Person } from './http.ts'
import type { TestMarina } from './server.ts'

/** Sends a request to the REST API: a path below /api/v2.0, and a body that is sent as JSON. */
export type Rest = (method: string, path: string, as: Person | undefined, body?: unknown) => Promise<Answer>

export function openRest({ ask }: Pick<TestMarina, 'ask'>): Rest {
  return (method, path, as, body) =>
    ask(method, `/api/v2.0${path}`, {
      as,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
}
