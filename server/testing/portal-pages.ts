import type { Browser } from 'playwright-core'
import { openVisitor, type Tab } from './browser.ts'
import type { Person } from './http.ts'
import type { PageRow, PortalScene } from './portal-scene.ts'

/** How many pages are open at a time. */
const tabs = 3

type Look = Parameters<typeof openVisitor>[1]

/**
 * Opens each of these pages in one of a few tabs of one visitor, and returns what `check` finds wrong with them, one
 * line each with the page's path: all faults in one run.
 */
export async function visitAll(
  browser: Browser,
  look: Look,
  rows: readonly PageRow[],
  check: (tab: Tab, row: PageRow) => Promise<string[]>,
): Promise<string[]> {
  await using visitor = await openVisitor(browser, look)
  const left = [...rows]
  const faults: string[] = []
  const work = async (tab: Tab) => {
    for (let row = left.shift(); row; row = left.shift()) {
      await tab.go(row.example ?? row.path)
      for (const fault of await check(tab, row)) faults.push(`${row.path}: ${fault}`)
      faults.push(...tab.complaints.splice(0).map((one) => `${row.path}: ${one}`))
    }
  }
  const opened = [visitor, ...(await Promise.all(Array.from({ length: tabs - 1 }, () => visitor.openTab())))]
  await Promise.all(opened.map(work))
  return faults.sort()
}

/** What the project's pages ask for (ui/project-frame.tsx): any of these rights in the project. */
const projectNeeds: Readonly<Record<string, readonly string[]>> = {
  '': ['repository:list'],
  'members': ['member:list'],
  'access': ['log:list'],
  'robots': ['robot:list'],
  'workloads': ['robot:list'],
  'labels': ['label:list'],
  'rules': ['tag-retention:list', 'immutable-tag:list'],
  'webhooks': ['notification-policy:list'],
  'preheat': ['preheat-policy:list'],
  'usage': ['quota:read'],
  'trash': ['artifact:delete'],
  'activity': ['log:list'],
  'settings': ['project:update'],
  'r': ['repository:list', 'artifact:read'],
}

/** Pages that only a cache has: their example is in the public project `hub`. */
const ofAnybody: readonly string[] = ['cache']

/** The rights of a caller on the system and in the project `team`, as the server tells them. */
type Held = { isUser: boolean; isAdmin: boolean; system: ReadonlySet<string>; team: ReadonlySet<string> }

export async function askRights({ marina }: PortalScene, as: Person | undefined): Promise<Held> {
  if (!as) return { isUser: false, isAdmin: false, system: new Set(), team: new Set() }
  const ask = async (scope: string) => {
    const answer = await marina.ask('GET', `/api/v2.0/users/current/permissions?scope=${scope}&relative=true`, { as })
    const rows = answer.status === 200 ? (answer.json() as { resource: string; action: string }[]) : []
    return new Set(rows.map(({ resource, action }) => `${resource === '.' ? 'project' : resource}:${action}`))
  }
  const me = (await marina.ask('GET', '/api/v2.0/users/current', { as })).json() as { sysadmin_flag: boolean }
  const [system, team] = [await ask('/system'), await ask('/project/team')]
  return { isUser: true, isAdmin: me.sysadmin_flag, system, team }
}

/** Whether a page should open for a caller with these rights. */
export function shouldOpen({ path, may }: PageRow, { isUser, isAdmin, system, team }: Held): boolean {
  if (may === 'user') return isUser
  // The API lists no rights on the configuration: administrators alone have them.
  if (may === 'admin' || may?.startsWith('configuration:')) return isAdmin
  if (may !== undefined) return system.has(may)
  const [, isOfProject, kind = ''] = /^(\/p\/:project)(?:\/-\/([^/]+))?/.exec(path) ?? []
  if (isOfProject === undefined) return true
  if (ofAnybody.includes(kind)) return true
  const needs = projectNeeds[kind]
  if (!needs) throw new Error(`projectNeeds has no row for ${path}`)
  return needs.some((one) => team.has(one))
}
