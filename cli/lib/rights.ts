import type { Static } from 'typebox'
import type { RobotPermission } from '../../api/robots.ts'
import { wrongUsage } from './problem.ts'

/** What `--allow` takes beside `<resource>:<action>`. */
const bundles: Record<string, string[]> = {
  pull: ['repository:pull'],
  push: ['repository:push', 'repository:pull'],
}

/** The rights that `--allow` names. Throws Problem. */
export function parseRight(text: string): { resource: string; action: string }[] {
  return (bundles[text] ?? [text]).map((one) => {
    const [, resource, action] = /^([a-z-]+):([a-z-]+)$/.exec(one) ?? []
    if (!resource || !action) throw wrongUsage(`--allow takes pull, push or <resource>:<action>, not ${text}`)
    return { resource, action }
  })
}

/** Days, or -1 for `never`. Throws Problem. */
export function parseDays(text: string): number {
  if (text === 'never') return -1
  if (!/^[1-9]\d{0,4}$/.test(text)) throw wrongUsage(`--duration is a number of days, or never; not ${text}`)
  return Number(text)
}

/** Permissions in one line: `team: repository:pull repository:push`. */
export function rightsOf(permissions: Static<typeof RobotPermission>[]): string {
  const blocks = permissions.map(
    ({ namespace, access }) => `${namespace}: ${access.map((one) => `${one.resource}:${one.action}`).join(' ')}`,
  )
  return blocks.join('; ')
}
