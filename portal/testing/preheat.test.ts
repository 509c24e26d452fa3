import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Locator } from 'playwright-core'
import { openPortal } from '../../server/testing/portal.ts'
import { openPreheatProvider } from '../../server/testing/preheat-provider.ts'

const { scene, visit: open, ask } = await openPortal()

/** Waits until no button of it waits for an answer any more: a busy one is pale. */
const isIdle = (dialog: Locator) => dialog.locator('button[aria-busy]').first().waitFor({ state: 'detached' })

suite('the pages of preheating', () => {
  test('a service is tested before it is saved, keeps its secret when it is changed, and is deleted', async () => {
    await using service = await openPreheatProvider()
    await using visitor = await open({ as: scene.cast.administrator })
    const { page } = visitor
    await visitor.go('/distributions')
    await page.getByRole('row', { name: /dragonfly default .*127\.0\.0\.1:9/ }).waitFor()
    await page.getByRole('button', { name: 'New service' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name (required)').fill('near')
    await dialog.getByLabel('Address (required)').fill(`${service.url}/near`)
    await dialog.getByLabel('Login').selectOption('OAUTH')
    await dialog.getByRole('button', { name: 'Test' }).click()
    await dialog.getByText('Give the secret.').waitFor()
    await dialog.getByLabel('Token').fill('very-secret')
    await dialog.getByRole('button', { name: 'Test' }).click()
    await dialog.getByText('The service answers.').waitFor()
    await isIdle(dialog)
    assert.deepEqual(await visitor.findBarriers(), [])
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByText('The service near is saved.').waitFor()
    await page.getByRole('button', { name: 'near', exact: true }).click()
    await dialog.getByLabel('What it is for').fill('<b>close</b>')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.waitFor({ state: 'detached' })
    const row = page.getByRole('row', { name: /near/ })
    await row.getByRole('button', { name: 'Actions' }).click()
    await page.getByRole('menuitem', { name: 'Test the connection' }).click()
    await row.getByText('answers').waitFor()
    assert.equal(service.requests.at(-1)!.headers.authorization, 'Bearer very-secret')
    await row.getByRole('button', { name: 'Actions' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await row.waitFor({ state: 'detached' })
    assert.deepEqual(visitor.complaints, [])
  })

  test('a policy is previewed before it is saved, run, looked into and stopped', async () => {
    await using service = await openPreheatProvider()
    service.plan(() => 'STARTED')
    const instance = { name: 'near-by', vendor: 'dragonfly', endpoint: service.url, enabled: true }
    await using administrator = await open({ as: scene.cast.administrator })
    await administrator.go('/distributions')
    await administrator.page.getByRole('button', { name: 'New service' }).click()
    const form = administrator.page.getByRole('dialog')
    await form.getByLabel('Name (required)').fill(instance.name)
    await form.getByLabel('Address (required)').fill(instance.endpoint)
    await form.getByRole('button', { name: 'Create' }).click()
    await administrator.page.getByText('The service near-by is saved.').waitFor()

    await using visitor = await open({ as: scene.cast.projectAdmin })
    const { page } = visitor
    await visitor.go('/p/team/-/preheat')
    await page.getByRole('link', { name: 'warm' }).waitFor()
    await page.getByRole('button', { name: 'New policy' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name (required)').fill('web')
    await dialog.getByLabel('Service').selectOption({ label: `near-by (dragonfly, ${service.url})` })
    await dialog.getByLabel('Where to').selectOption('all_peers')
    await dialog.getByLabel('Repositories').fill('apps/{')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByText(/the repository filter .* cannot be read/).waitFor()
    assert.ok(visitor.complaints.splice(0).every((one) => one.includes('400')))
    await dialog.getByLabel('Repositories').fill('apps/web')
    await dialog.getByLabel('Tags').fill('2.0')
    await dialog.getByLabel('Start').selectOption('manual')
    await dialog.getByRole('button', { name: 'See what it would do' }).click()
    await dialog.getByRole('row', { name: /team\/apps\/web:2\.0 To preheat/ }).waitFor()
    await isIdle(dialog)
    assert.deepEqual(await visitor.findBarriers(), [])
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('link', { name: 'web', exact: true }).click()
    await page.getByText('No run yet').waitFor()
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByRole('link', { name: /^Run \d+$/ }).click()
    await dialog.getByRole('button', { name: 'team/apps/web:2.0' }).waitFor()
    await dialog.getByText(/Sending preheat request is successfully done/).waitFor()
    assert.equal(service.jobs[0]!.scope, 'all_peers')
    assert.deepEqual(await visitor.findBarriers(), [])
    await dialog.getByRole('button', { name: 'Stop' }).click()
    await dialog.getByText('stopped').first().waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('The policy web is deleted.').waitFor()
    const left = await ask<{ name: string }[]>('/projects/team/preheat/policies')
    assert.deepEqual(
      left.map(({ name }) => name),
      ['warm'],
    )
    assert.deepEqual(visitor.complaints, [])
  })

  test('a project without a policy is told how to make one, for this host and this user', async () => {
    await using visitor = await open({ as: scene.cast.administrator })
    await visitor.go('/p/library/-/preheat')
    const code = visitor.page.getByRole('region', { name: 'Or from a terminal:' })
    const text = (await code.textContent())!
    assert.match(text, /^marina login 127\.0\.0\.1:\d+ --username admin\nmarina preheat create library warm/)
    assert.deepEqual(visitor.complaints, [])
  })
})
