import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { callApi } from '../../server/testing/api.ts'
import { openBrowser, openVisitor, type Tab } from '../../server/testing/browser.ts'
import { openPortalScene, readPages, type PageRow, type PortalScene } from '../../server/testing/portal-scene.ts'
import { askRights, shouldOpen, visitAll } from '../../server/testing/portal-pages.ts'

type Role = 'guest' | 'developer'

/** A change behind a button, or behind an item of the menu of a row, which a page does not offer to these roles. */
type Hidden = {
  page: string
  row?: string
  button: string
  roles: Role[]
  call: [method: string, path: string, body?: object]
}

const robot = {
  name: 'sneaky',
  level: 'project',
  duration: -1,
  permissions: [{ kind: 'project', namespace: 'team', access: [{ resource: 'repository', action: 'pull' }] }],
}
const trust = {
  name: 'sneaky',
  issuer: 'https://issuer.example',
  audience: 'marina.example',
  claims: [{ claim: 'sub', equals: 'sneaky' }],
  permissions: robot.permissions,
}
const hook = {
  name: 'sneaky',
  event_types: ['PUSH_ARTIFACT'],
  targets: [{ type: 'http', address: 'http://127.0.0.1:9/x' }],
}
const rule = {
  tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: 'x' }],
  scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
}
const web = '/projects/team/repositories/apps%2Fweb'

const member = { role_id: 1, member_user: { username: 'stella' } }
const label = { name: 'sneaky', scope: 'p', color: '#000000', project_id: 2 }
/** Read by pages of administrators, and told to others as well: labels that all projects use, and one's own scores. */
const forEverybody = [
  '/api/v2.0/labels?scope=g',
  '/api/v2.0/repositories/scores/lowest',
  // Guests have the right to read the scanner of their project, as in Harbor.
  '/api/v2.0/projects/team/scanner',
  // Everybody who is signed in may read which roles there are, and members which tags of their project are protected.
  '/api/v2.0/roles',
  '/api/v2.0/projects/team/tagprotectionrules',
  // Who trusts accounts in a project chooses a root by its name.
  '/api/v2.0/system/trust-roots',
]
const both: Role[] = ['guest', 'developer']

const hidden: Hidden[] = [
  { page: '/projects', row: 'team', button: 'Delete', roles: both, call: ['DELETE', '/projects/team'] },
  { page: '/p/team', row: 'apps/web', button: 'Delete', roles: both, call: ['DELETE', web] },
  {
    page: '/p/team/-/r/apps/web',
    row: '2.0',
    button: 'Remove this tag',
    roles: both,
    call: ['DELETE', `${web}/artifacts/2.0/tags/2.0`],
  },
  {
    page: '/p/team/-/r/apps/web',
    row: '2.0',
    button: 'Add a tag',
    roles: ['guest'],
    call: ['POST', `${web}/artifacts/2.0/tags`, { name: 'sneaky' }],
  },
  {
    page: '/p/team/-/r/apps/web',
    row: '2.0',
    button: 'Delete the artifact',
    roles: both,
    call: ['DELETE', `${web}/artifacts/2.0`],
  },
  {
    page: '/p/team/-/access?view=roles',
    button: 'New role',
    roles: both,
    call: [
      'POST',
      '/projects/team/roles',
      { name: 'sneaky', permissions: [{ resource: 'repository', action: 'pull' }] },
    ],
  },
  {
    page: '/p/team/-/rules',
    button: 'New protection',
    roles: both,
    call: ['POST', '/projects/team/tagprotectionrules', { name: 'sneaky', tags: '**', actions: ['delete'] }],
  },
  { page: '/p/team/-/members', button: 'Add member', roles: both, call: ['POST', '/projects/team/members', member] },
  { page: '/p/team/-/robots', button: 'New robot', roles: both, call: ['POST', '/robots', robot] },
  {
    page: '/p/team/-/workloads',
    button: 'New trust rule',
    roles: both,
    call: ['POST', '/projects/team/workloads', trust],
  },
  { page: '/p/team/-/labels', button: 'New label', roles: both, call: ['POST', '/labels', label] },
  {
    page: '/p/team/-/rules',
    button: 'New rule',
    roles: both,
    call: ['POST', '/projects/team/immutabletagrules', rule],
  },
  {
    page: '/p/team/-/webhooks',
    button: 'New webhook',
    roles: both,
    call: ['POST', '/projects/team/webhook/policies', hook],
  },
  {
    page: '/p/team/-/preheat',
    button: 'New policy',
    roles: both,
    call: ['POST', '/projects/team/preheat/policies', { name: 'sneaky' }],
  },
  {
    page: '/p/team/-/trash',
    row: 'legacy',
    button: 'Restore',
    roles: both,
    call: ['POST', '/projects/team/trash/1/restore'],
  },
  {
    page: '/p/team/-/settings',
    button: 'Trust a signer',
    roles: both,
    call: ['PUT', '/projects/team/signers/sneaky', { keyless: { issuer: 'x', subject: 'x', trust_root: 'x' } }],
  },
  {
    page: '/p/team/-/settings',
    button: 'Delete the project',
    roles: both,
    call: ['PUT', '/projects/team', { metadata: { public: 'true' } }],
  },
]

suite('what a page refuses, the server refuses, too', () => {
  let scene: PortalScene
  let browser: Browser
  before(async () => {
    scene = await openPortalScene()
    browser = await openBrowser()
  })
  after(async () => {
    await browser.close()
    await scene[Symbol.asyncDispose]()
  })

  test('reads of pages that a role may not open', async () => {
    const pages = (await readPages()).filter(({ isBare, path }) => !isBare && path !== '/kit')
    const asked = await collectReads(pages)
    for (const role of ['guest', 'developer'] as const) {
      const held = await askRights(scene, scene.cast[role])
      const open = new Set(pages.filter((row) => shouldOpen(row, held)).flatMap(({ path }) => [...asked.get(path)!]))
      const closed = pages.filter((row) => !shouldOpen(row, held))
      assert.ok(closed.length > 10, `${role} may open all but ${closed.length} pages`)
      const unread = new Set<string>()
      for (const { path } of closed) {
        // What an open page reads as well, such as the project itself, is no secret of this page.
        const own = [...asked.get(path)!].filter((one) => !open.has(one))
        assert.ok(own.length > 0, `${path} reads nothing of its own`)
        for (const one of own) unread.add(one)
      }
      const allowed: string[] = []
      for (const one of unread) {
        const { status } = await scene.marina.ask('GET', one, { as: scene.cast[role] })
        if (status !== 403 && !forEverybody.some((open) => one.startsWith(open))) allowed.push(`${status} ${one}`)
      }
      assert.deepEqual(allowed, [], role)
    }
  })

  test('changes behind buttons that a role does not see', async () => {
    const { marina, cast } = scene
    const visit = (role: Role | 'projectAdmin') => openVisitor(browser, { url: marina.url, as: cast[role] })
    await using full = await visit('projectAdmin')
    await using guest = await visit('guest')
    await using developer = await visit('developer')
    const visitors = { guest, developer }
    const faults: string[] = []
    for (const one of hidden) {
      const [method, path, body] = one.call
      if (!(await offers(full, one))) faults.push(`projectAdmin: ${one.page} has no ${one.button}`)
      for (const role of one.roles) {
        if (await offers(visitors[role], one)) faults.push(`${role}: ${one.page} offers ${one.button}`)
        const { status } = await callApi(marina, method, path, { as: cast[role], body })
        if (status !== 403) faults.push(`${role}: ${method} ${path} is ${status}`)
      }
    }
    assert.deepEqual(faults, [])
  })

  /** The addresses that each page reads for an administrator of the system, by the page's path. */
  async function collectReads(pages: PageRow[]): Promise<Map<string, Set<string>>> {
    const asked = new Map<string, Set<string>>()
    const reads = new WeakMap<Page, Set<string>>()
    const check = async ({ page }: Tab, { path, example = path }: PageRow) => {
      const found = new Set<string>()
      if (!reads.has(page))
        page.on('request', (request) => {
          const { pathname, search } = new URL(request.url())
          // The stream tells each caller their own; it is no part of a page, and has no end.
          const isRead =
            request.method() === 'GET' && pathname.startsWith('/api/v2.0/') && !pathname.endsWith('/stream')
          if (isRead) reads.get(page)!.add(pathname + search)
        })
      reads.set(page, found)
      await page.goto(example)
      await page.locator('h1, .state').first().waitFor()
      await page
        .locator('[aria-busy="true"]:not(button), .skeleton, .page-loading')
        .first()
        .waitFor({ state: 'detached' })
      asked.set(path, found)
      // The way to the next page belongs to none.
      reads.set(page, new Set())
      return []
    }
    const as = scene.cast.administrator
    assert.deepEqual(await visitAll(browser, { url: scene.marina.url, as }, pages, check), [])
    return asked
  }
})

/** Whether the page has the button, or the item of the row's menu, and it can be used. */
async function offers({ go, page }: Tab, { page: path, row, button }: Hidden): Promise<boolean> {
  await go(path)
  if (row !== undefined) {
    const menu = page.getByRole('button', { name: `Actions: ${row}`, exact: true })
    if ((await menu.count()) === 0) return false
    await menu.click()
  }
  const found = page.getByRole(row === undefined ? 'button' : 'menuitem', { name: button, exact: true })
  if ((await found.count()) === 0) return false
  return (await found.getAttribute('aria-disabled')) !== 'true' && (await found.first().isEnabled())
}
