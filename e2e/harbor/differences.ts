import type { Answer } from './side.ts'

export type Difference = { at: string; theirs: unknown; ours: unknown }

/** Members whose values no two registries share: they are compared by their type. */
const passing = /(^|_)(id|time|date|secret|uuid|icon)$|^(created|updated|start|end|expires|since|at|uuid|vendor_id)$/

/**
 * What differs between two answers to one request: status, headers, members, values, order.
 * Numbers in `Location` and values that are a registry's own (times, ids, its host) are left out.
 */
export function differences(theirs: Answer, ours: Answer): Difference[] {
  const found: Difference[] = []
  if (theirs.status !== ours.status) found.push({ at: 'status', theirs: theirs.status, ours: ours.status })
  for (const name of new Set([...Object.keys(theirs.headers), ...Object.keys(ours.headers)])) {
    const [a, b] = [plainHeader(theirs.headers[name]), plainHeader(ours.headers[name])]
    if (a !== b) found.push({ at: name, theirs: theirs.headers[name], ours: ours.headers[name] })
  }
  compare('body', theirs.body, ours.body, found)
  return found
}

function compare(at: string, theirs: unknown, ours: unknown, found: Difference[]): void {
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    // Lists of rights have no order.
    if (isRecord(ours[0]) && 'action' in ours[0] && 'resource' in ours[0]) {
      const [a, b] = [theirs.map((one) => JSON.stringify(one)), ours.map((one) => JSON.stringify(one))]
      const [less, more] = [a.filter((one) => !b.includes(one)), b.filter((one) => !a.includes(one))]
      if (less.length + more.length > 0) found.push({ at: `${at}[]`, theirs: less, ours: more })
      return
    }
    if (theirs.length !== ours.length) found.push({ at: `${at}.length`, theirs: theirs.length, ours: ours.length })
    for (const index of theirs.keys()) if (index in ours) compare(`${at}[]`, theirs[index], ours[index], found)
    return
  }
  if (isRecord(theirs) && isRecord(ours)) {
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
      const place = `${at}.${key}`
      if (!(key in theirs) || !(key in ours))
        found.push({
          at: place,
          theirs: key in theirs ? theirs[key] : '(absent)',
          ours: key in ours ? ours[key] : '(absent)',
        })
      else if (passing.test(key) && typeof theirs[key] === typeof ours[key]) continue
      else compare(place, theirs[key], ours[key], found)
    }
    return
  }
  if (plain(theirs) !== plain(ours)) found.push({ at, theirs, ours })
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function plain(value: unknown): unknown {
  if (typeof value !== 'string') return value === null || typeof value !== 'object' ? value : JSON.stringify(value)
  return value
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/127\.0\.0\.1(:\d+)?/g, 'HOST')
    .replaceAll(/eyJ[\w.-]+/g, 'TOKEN')
    .replaceAll(/\b\d+\b/g, 'N')
}

/** Parameters of a type are left out, and those of a link are in the order of their names. */
function plainHeader(value: string | undefined): unknown {
  if (value === undefined) return undefined
  const sorted = value.replaceAll(/\?([^>"]*)/g, (_, query: string) => `?${query.split('&').sort().join('&')}`)
  return String(plain(sorted.replace(/; ?charset=utf-8/i, ''))).replace('text/plain', 'application/json')
}
