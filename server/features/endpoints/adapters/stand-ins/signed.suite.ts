import type { Asked } from './stand-in.suite.ts'

/** A request as its signer got it: with the headers that are signed, without those that the signer adds. */
export function signableOf({ method, url, headers, text }: Asked, added: string[]) {
  const [, names = ''] = /SignedHeaders=([^,\s]+)/.exec(headers.authorization ?? '') ?? []
  const kept = names.split(';').filter((name) => name !== 'host' && !added.includes(name))
  return {
    method,
    url: url.href,
    headers: Object.fromEntries(kept.map((name) => [name, String(headers[name])])),
    body: text,
  }
}

/** `20260131T235959Z` as a time. */
export const timeOf = (compact: unknown): Date =>
  new Date(String(compact).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
