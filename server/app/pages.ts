import { devcenterPage, type OpenApiDocument } from '../features/devcenter/page.ts'
import type { Pages } from './listen.ts'

/** The OpenAPI document, and the page that shows that document. The portal is at all other paths. */
export function pagesOf(document: () => Record<string, unknown>): Pages {
  // Made when somebody asks, which may be never.
  const json = once(() => JSON.stringify(document()))
  const devcenter = once(() => devcenterPage(document() as unknown as OpenApiDocument))
  return {
    '/devcenter-api-2.0': () => ({ type: 'text/html; charset=utf-8', text: devcenter() }),
    // What another Harbor asks first, to know which adapter it needs for this one.
    '/api/version': () => ({ type: 'application/json', text: '{"version":"v2.0"}' }),
    '/api/v2.0/openapi.json': () => ({ type: 'application/json', text: json() }),
  }
}

function once(make: () => string): () => string {
  let made: string | undefined
  return () => (made ??= make())
}
