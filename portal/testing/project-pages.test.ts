import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Visitor } from '../../server/testing/browser.ts'
import type { PortalScene } from '../../server/testing/portal-scene.ts'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, visit } = await openPortal()

type Role = keyof PortalScene['cast']
/** For each tab: who may open it, and who is offered its main action. */
const tabs: { tab: string; action: string; seen: Role[]; offered: Role[] }[] = [
  {
    tab: 'members',
    action: 'Add member',
    seen: ['administrator', 'projectAdmin', 'maintainer', 'developer', 'guest'],
    offered: ['administrator', 'projectAdmin'],
  },
  {
    tab: 'robots',
    action: 'New robot',
    seen: ['administrator', 'projectAdmin', 'maintainer', 'developer', 'guest'],
    offered: ['administrator', 'projectAdmin'],
  },
  {
    tab: 'labels',
    action: 'New label',
    seen: ['administrator', 'projectAdmin', 'maintainer', 'developer', 'guest'],
    offered: ['administrator', 'projectAdmin', 'maintainer'],
  },
  {
    tab: 'rules',
    action: 'Run now',
    seen: ['administrator', 'projectAdmin', 'maintainer', 'developer'],
    offered: ['administrator', 'projectAdmin', 'maintainer', 'developer'],
  },
  {
    tab: 'webhooks',
    action: 'New webhook',
    seen: ['administrator', 'projectAdmin', 'maintainer'],
    offered: ['administrator', 'projectAdmin'],
  },
  {
    tab: 'usage',
    action: 'Columns',
    seen: ['administrator', 'projectAdmin', 'maintainer', 'developer', 'guest'],
    offered: ['administrator', 'projectAdmin', 'maintainer', 'developer', 'guest'],
  },
  {
    tab: 'trash',
    action: 'Actions: legacy',
    seen: ['administrator', 'projectAdmin', 'maintainer'],
    offered: ['administrator', 'projectAdmin', 'maintainer'],
  },
  {
    tab: 'activity',
    action: 'Export CSV',
    seen: ['administrator', 'projectAdmin'],
    offered: ['administrator', 'projectAdmin'],
  },
  {
    tab: 'settings',
    action: 'Delete the project',
    seen: ['administrator', 'projectAdmin'],
    offered: ['administrator', 'projectAdmin'],
  },
]
const roles: Role[] = ['administrator', 'projectAdmin', 'maintainer', 'developer', 'guest', 'stranger', 'anonymous']

suite('the pages of a project and of the system', () => {
  const isRefused = async ({ page }: Visitor) => (await page.locator('main .state h1').count()) === 1
  /** A request that is refused is told by the browser itself; a page that may be seen causes none. */
  const faults = ({ complaints }: Visitor) => complaints.filter((one) => !/status of 40[134]/.test(one))

  for (const role of roles) {
    test(`${role}: sees the tabs and actions of the role, and is refused others`, async () => {
      await using visitor = await visit({ as: scene.cast[role] })
      for (const { tab, action, seen, offered } of tabs) {
        await visitor.go(`/p/team/-/${tab}`)
        assert.equal(await isRefused(visitor), !seen.includes(role), `${tab} is refused`)
        const buttons = await visitor.page.getByRole('button', { name: action, exact: true }).count()
        assert.equal(buttons > 0, offered.includes(role), `${tab}: ${action}`)
      }
      const isAdmin = role === 'administrator'
      for (const path of ['/robots', '/labels', '/webhooks', '/webhooks/3']) {
        await visitor.go(path)
        assert.equal(await isRefused(visitor), !isAdmin, path)
      }
      await visitor.go('/activity')
      assert.equal(await isRefused(visitor), role === 'anonymous', '/activity')
      assert.deepEqual(role === 'stranger' || role === 'anonymous' ? faults(visitor) : visitor.complaints, [])
    })
  }

  test('usage: a project administrator goes from repositories to artifacts of the own project alone', async () => {
    await using visitor = await visit({ as: scene.cast.projectAdmin })
    const { page } = visitor
    await visitor.go('/p/team/-/usage')
    const table = page.getByRole('table', { name: 'Repositories' })
    await table.getByRole('link', { name: 'apps/web' }).click()
    await page.getByRole('heading', { name: 'apps/web', level: 1 }).waitFor()
    assert.equal(new URL(page.url()).pathname, '/p/team/-/usage')
    await page.getByRole('table', { name: 'Artifacts' }).getByRole('link').first().waitFor()
    await visitor.settle()
    assert.deepEqual(await visitor.findBarriers(), [])
    await page.getByRole('link', { name: 'team · Usage' }).click()
    await table.waitFor()
    await visitor.settle()
    assert.deepEqual(await visitor.findBarriers(), [])
    assert.deepEqual(visitor.complaints, [])
    // Neither the system's usage nor that of another project is told.
    for (const path of ['/usage', '/projects/tools/usage'])
      assert.equal((await visitor.context.request.get(`/api/v2.0${path}`)).status(), 403, path)
  })

  test('members say since when, and by whom; deletions how many bytes they hold', async () => {
    await using visitor = await visit({ as: scene.cast.projectAdmin })
    const { page } = visitor
    await visitor.go('/p/team/-/members')
    const row = page.getByRole('row').filter({ hasText: /^\s*admin/ })
    await row.getByText('by admin').waitFor()
    await row.locator('time').waitFor()
    await visitor.go('/p/team/-/trash')
    const deletion = page.getByRole('row', { name: /legacy/ })
    await deletion.getByText(/^[\d.]+ (B|KiB)$/).waitFor()
    await deletion.getByRole('button', { name: 'Actions: legacy' }).click()
    await page.getByRole('menuitem', { name: 'Restore' }).click()
    await page
      .getByRole('dialog')
      .getByText(/It holds [\d.]+ K?i?B\. Of these, [\d.]+ K?i?B are freed/)
      .waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    assert.deepEqual(visitor.complaints, [])
  })

  for (const scheme of ['light', 'dark'] as const) {
    test(`what opens above a page has no barrier in a ${scheme} theme`, async () => {
      await using visitor = await visit({ as: scene.cast.projectAdmin, scheme })
      const { page } = visitor
      const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true }).first()
      for (const [path, open, shown] of [
        ['members', () => button('Add member').click(), 'Person or group'],
        ['robots', () => button('New robot').click(), 'What is it for?'],
        ['labels', () => button('New label').click(), 'Description'],
        ['rules', () => button('Edit').click(), 'Rule 3'],
        ['rules', () => button('Run now').click(), 'tags would go'],
        ['webhooks', () => button('New webhook').click(), 'Target 1'],
        ['webhooks/2', () => button('Retention has run').click(), 'What came back'],
        ['activity', () => button(/Details/).click(), 'In words'],
      ] as const) {
        await visitor.go(`/p/team/-/${path}`)
        await open()
        await page.getByRole('dialog').getByText(shown).first().waitFor()
        assert.deepEqual(await visitor.findBarriers(), [], path)
      }
      assert.deepEqual(visitor.complaints, [])
    })
  }
})
