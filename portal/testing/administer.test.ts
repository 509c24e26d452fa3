import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { eventually } from '../../server/testing/http.ts'
import type { PortalScene } from '../../server/testing/portal-scene.ts'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, visit: open, ask } = await openPortal()

/** A name as hostile as the API takes it: markup, and letters that run from right to left. */
const hostile = '<img src=x onerror=alert(1)> "\'&lt; שלום'

suite('pages of the administration', () => {
  const visit = (as: keyof PortalScene['cast'] = 'administrator') => open({ as: scene.cast[as] })

  const ofSystem = [
    'Jobs',
    'Collection',
    'Storage',
    'Replication',
    'Endpoints',
    'Caches',
    'Scanners',
    'Users',
    'Groups',
  ]
  const administered = [...ofSystem, 'Quotas', 'Settings']

  test('only those who hold a right see and open a page of the system', async () => {
    for (const role of ['anonymous', 'guest', 'developer', 'maintainer', 'projectAdmin', 'administrator'] as const) {
      await using visitor = await visit(role)
      const { page } = visitor
      await visitor.go('/about')
      const shown = await page.getByRole('navigation', { name: 'Navigation' }).getByRole('link').allTextContents()
      const found = administered.filter((name) => shown.includes(name))
      assert.deepEqual(found, role === 'administrator' ? administered : [], role)
      if (role === 'administrator') continue
      for (const path of ['/jobs', '/settings/access']) {
        await visitor.go(path)
        const title = role === 'anonymous' ? 'You are not signed in' : 'You may not see this'
        await page.getByRole('heading', { name: title, level: 1 }).waitFor()
      }
      assert.deepEqual(visitor.complaints, [], role)
    }
  })

  test('users: a bad password is told at its field; an account is made, promoted and deleted', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/users')
    await page.getByRole('button', { name: 'New user' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name (required)', { exact: true }).fill('nora')
    await dialog.getByLabel('Real name').fill(hostile)
    await dialog.getByLabel('E-mail').fill('nora@example.com')
    await dialog.getByLabel('Password (required)').fill('short')
    await dialog.getByLabel('Password again').fill('other')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByText('Both passwords must be the same.').waitFor()
    assert.equal(await page.locator(':focus').getAttribute('name'), 'password')
    await dialog.getByLabel('Password (required)').fill('Password123')
    await dialog.getByLabel('Password again').fill('Password123')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByText('The account nora is there.').waitFor()
    const row = page.getByRole('row', { name: /nora/ })
    await row.getByText('<img src=x').waitFor()
    await row.getByRole('button', { name: 'Actions: nora' }).click()
    await page.getByRole('menuitem', { name: 'Make administrator' }).click()
    await dialog.getByRole('button', { name: 'Make administrator' }).click()
    await row.getByText('administrator').waitFor()
    await row.getByRole('button', { name: 'Actions: nora' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await dialog.getByLabel('Type nora to confirm').fill('nora')
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await eventually(async () => assert.equal(await row.count(), 0))
    assert.deepEqual(visitor.complaints, [])
  })

  test('settings: what a save changes is shown before it, and what the environment fixes is marked', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/settings/access')
    const fixed = page.getByLabel(/A token for pulls and pushes/)
    assert.equal(await fixed.isDisabled(), true)
    await page.getByText('set by the environment').waitFor()
    await page.getByLabel('Who may create projects').selectOption('adminonly')
    await page.getByRole('button', { name: 'Review the changes' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('row', { name: 'Who may create projects everybody administrators alone' }).waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The settings are saved.').waitFor()
    type Items = Record<string, { value: unknown }>
    assert.equal((await ask<Items>('/configurations'))['project_creation_restriction']!.value, 'adminonly')
    for (const part of ['cves', 'scores', 'templates', 'ldap']) {
      await visitor.go(`/settings/${part}`)
      assert.deepEqual(await visitor.findBarriers(), [], part)
    }
    assert.deepEqual(visitor.complaints, [])
  })

  test('templates: new projects keep the newest artifacts alone, as the form says', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/settings/templates')
    await page.getByRole('button', { name: 'New template' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name (required)').fill('teams')
    await dialog.getByLabel('Names of projects').fill('team-*, {a,b}-*')
    await dialog.getByLabel('Keep the newest').fill('3')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('row', { name: /teams team-\*, \{a,b\}-\* retention: 2 rules/ }).waitFor()
    type Template = { projects: { pattern: string }[]; retention: { ordered_rules: { action: string }[] } }
    const [template] = await ask<Template[]>('/system/project-templates')
    assert.deepEqual(
      template!.projects.map(({ pattern }) => pattern),
      ['team-*', '{a,b}-*'],
    )
    assert.deepEqual(
      template!.retention.ordered_rules.map(({ action }) => action),
      ['keep', 'delete'],
    )
    assert.deepEqual(visitor.complaints, [])
  })

  test('scores: rules of one’s own are written as shares by value, and the server judges them', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/settings/scores')
    await page.getByRole('combobox', { name: 'Rules' }).selectOption('custom')
    const pulls = page.getByRole('group', { name: 'Pulls', exact: true })
    await pulls.getByLabel('Shares by value').fill('ten or more: 100')
    await page.getByRole('button', { name: 'Save' }).click()
    await pulls.getByText('Write each line as from-below: percent').waitFor()
    await pulls.getByLabel('Shares by value').fill('10-: 100')
    await pulls.getByLabel('Weight, in percent').fill('100')
    assert.deepEqual(await visitor.findBarriers(), [])
    await page.getByRole('button', { name: 'Save' }).click()
    await page
      .getByRole('alert')
      .getByText(/weights/i)
      .waitFor()
    assert.ok(visitor.complaints.splice(0).every((one) => one.includes('400')))
    await pulls.getByLabel('Weight, in percent').fill('20')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The settings are saved.').waitFor()
    type Rules = { preset: string; factors: { pull_count: object } }
    const { preset, factors } = await ask<Rules>('/system/scores')
    assert.equal(preset, 'custom')
    assert.deepEqual(factors.pull_count, { weight: 20, tiers: [{ from: 10, multiplier: 100 }], beyond: 100 })
    assert.deepEqual(visitor.complaints, [])
  })

  test('quotas, groups, caches and scanners: their main action', async () => {
    await using visitor = await visit()
    const { page } = visitor
    const dialog = page.getByRole('dialog')
    await visitor.go('/quotas')
    await page.getByRole('button', { name: 'Actions: team' }).click()
    await page.getByRole('menuitem', { name: 'Change the limit' }).click()
    await dialog.getByLabel('Limit in GiB').fill('0.000001')
    await dialog.getByText('It holds').waitFor()
    await dialog.getByLabel('Limit in GiB').fill('2.5')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('row', { name: /team .*of 2\.5 GiB/ }).waitFor()

    await visitor.go('/groups')
    await page.getByRole('button', { name: 'New group' }).click()
    await dialog.getByLabel('Kind').selectOption({ label: 'OIDC' })
    await dialog.getByLabel('Name (required)').fill(hostile)
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('row', { name: /<img src=x/ }).waitFor()

    await visitor.go('/caches')
    await page
      .getByRole('button', { name: /^Actions: project, memory/ })
      .first()
      .click()
    await page.getByRole('menuitem', { name: 'Look at its keys' }).click()
    await dialog
      .getByRole('button', { name: /^project:/ })
      .first()
      .waitFor()
    await page.keyboard.press('Escape')
    await page
      .getByRole('button', { name: /^Actions: project, memory/ })
      .first()
      .click()
    await page.getByRole('menuitem', { name: 'Forget all of this kind' }).click()
    await dialog.getByRole('button', { name: 'Forget all of this kind' }).click()
    await page.getByText('It is forgotten.').waitFor()

    await visitor.go('/scanners')
    await page.getByRole('button', { name: 'New scanner' }).first().click()
    await dialog.getByLabel('Name (required)').fill('trivy')
    await dialog.getByLabel('Address').fill('http://trivy.example:8080')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('row', { name: /trivy default/ }).waitFor()
    assert.deepEqual(visitor.complaints, [])
  })

  test('the own account: a new password ends the sessions elsewhere, and this one goes on', async () => {
    await using elsewhere = await visit('stranger')
    await using visitor = await visit('stranger')
    const { page } = visitor
    await visitor.go('/profile')
    await page.getByLabel('Present password').fill('wrong')
    await page.getByLabel('New password (required)').fill('Password456')
    await page.getByLabel('New password again').fill('Password456')
    await page.getByRole('button', { name: 'Change the password' }).click()
    await page.getByText('the old password is wrong').waitFor()
    assert.ok(visitor.complaints.splice(0).every((one) => one.includes('status of 403')))
    await page.getByLabel('Present password').fill(scene.cast.stranger.password)
    await page.getByRole('button', { name: 'Change the password' }).click()
    await page.getByText('Your password is changed.').waitFor()
    const sessions = page.getByRole('table', { name: 'Sessions' }).locator('tbody tr')
    await eventually(async () => assert.equal(await sessions.count(), 1))
    assert.equal((await elsewhere.context.request.get('/api/v2.0/users/current')).status(), 401)
    assert.equal((await visitor.context.request.get('/api/v2.0/users/current')).status(), 200)
    assert.deepEqual(await visitor.findBarriers(), [])
    assert.deepEqual(visitor.complaints, [])
  })

  test('about: the parts are healthy, and the report to hand on tells no address or name', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/about')
    await page.getByText('All parts are healthy.').waitFor()
    const report = await page.getByRole('region', { name: 'Support report' }).textContent()
    assert.match(report!, /^version: +\S/)
    assert.match(report!, /- database: +healthy/)
    for (const secret of [new URL(scene.marina.url).host, scene.marina.admin.name, scene.marina.admin.password])
      assert.ok(!report!.includes(secret), secret)
    assert.deepEqual(visitor.complaints, [])
  })
})
