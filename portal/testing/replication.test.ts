import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Locator } from 'playwright-core'
import { callApi } from '../../server/testing/api.ts'
import { expectAnswer } from '../../server/testing/http.ts'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, visit: open, ask } = await openPortal()

/** Waits until no button of it waits for an answer any more: a busy one is pale. */
const isIdle = (dialog: Locator) => dialog.locator('button[aria-busy]').first().waitFor({ state: 'detached' })

suite('pages of other registries', () => {
  const visit = () => open({ as: scene.cast.administrator })

  test('replication: preview before it is saved, a run with its log, and no drift after it', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/replication')
    await page.getByRole('button', { name: 'New policy' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name (required)').fill('all-in-one')
    await dialog.getByLabel('Repositories', { exact: true }).fill('team/**')
    await dialog.getByLabel('Target namespace').fill('flat')
    await dialog.getByRole('button', { name: 'See what it would do' }).click()
    await dialog.getByRole('row', { name: /copy team\/apps\/web .*web 1\.0/ }).waitFor()
    await isIdle(dialog)
    assert.deepEqual(await visitor.findBarriers(), [])
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('link', { name: 'to-branch' }).click()
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await dialog.getByRole('button', { name: 'Run', exact: true }).click()
    const run = page.getByRole('row', { name: /Run \d+ done/ })
    await run.waitFor()
    await run.getByRole('link').click()
    await dialog
      .getByText(/1 copied/)
      .first()
      .waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Drift' }).click()
    await page.getByRole('button', { name: 'Compare now' }).click()
    await page.getByText('Both sides are the same.').waitFor()
    assert.deepEqual(visitor.complaints, [])
  })

  test('replication: names by a template and only some platforms, and what is wrong stands at its field', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/replication')
    await page.getByRole('button', { name: 'New policy' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name (required)').fill('by-template')
    await dialog.getByLabel('Repositories', { exact: true }).fill('team/api')
    await dialog.getByText('Names by a template').click()
    await dialog.getByLabel('Pattern of the source name').fill('team/(.+)')
    await dialog.getByText('More', { exact: true }).click()
    await dialog.getByLabel('Platforms', { exact: true }).fill('amd64')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByText('A pattern needs a template').waitFor()
    await dialog.getByText('Write os/architecture with commas between').waitFor()
    await dialog.getByLabel('Template').fill('mirror/{{nonsense}}')
    await dialog.getByLabel('Platforms', { exact: true }).fill('linux/amd64, linux/arm64')
    await dialog.getByText('Write the index anew').click()
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByText(/holds \{\{nonsense\}\}/).waitFor()
    assert.equal(await page.locator(':focus').getAttribute('name'), 'template')
    assert.ok(visitor.complaints.splice(0).every((one) => one.includes('400')))
    await dialog.getByLabel('Template').fill('mirror/{{1}}')
    await dialog.getByRole('button', { name: 'See what it would do' }).click()
    await dialog
      .getByRole('row', { name: /mirror\/api/ })
      .first()
      .waitFor()
    await isIdle(dialog)
    assert.deepEqual(await visitor.findBarriers(), [])
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByText('The policy by-template is saved.').waitFor()
    type Policy = { name: string; id: number } & Record<string, unknown>
    const saved = (await ask<Policy[]>('/replication/policies')).find(({ name }) => name === 'by-template')!
    assert.deepEqual(
      [saved['dest_template'], saved['dest_pattern'], saved['platforms'], saved['rewrite_index']],
      ['mirror/{{1}}', 'team/(.+)', ['linux/amd64', 'linux/arm64'], true],
    )
    // What it says is there again when it is edited.
    await page.getByRole('link', { name: 'by-template' }).click()
    await page.getByRole('button', { name: 'Edit' }).click()
    assert.equal(await dialog.getByLabel('Template').inputValue(), 'mirror/{{1}}')
    assert.equal(await dialog.getByLabel('Platforms', { exact: true }).inputValue(), 'linux/amd64, linux/arm64')
    const path = `/replication/policies/${saved.id}`
    expectAnswer(await callApi(scene.marina, 'DELETE', path, { as: scene.cast.administrator }), 200)
    assert.deepEqual(visitor.complaints, [])
  })

  test('endpoints: one that is used says by whom, and one that does not answer is not saved', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/endpoints')
    await page.getByRole('button', { name: 'Actions: branch' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByText('Policies use it: to-branch.').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'New endpoint' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Kind').selectOption('harbor')
    await dialog.getByLabel('Name (required)').fill('nobody')
    // Port 9 of this machine: nothing listens there.
    await dialog.getByLabel('Address').fill('http://127.0.0.1:9')
    await dialog.getByRole('button', { name: 'Test' }).click()
    await dialog.getByRole('alert').waitFor()
    // Chromium itself notes the answer.
    assert.ok(visitor.complaints.splice(0).every((one) => one.includes('status of 4')))
    await dialog.getByLabel('Address').fill(scene.marina.url)
    await dialog.getByLabel('Credential').selectOption('basic')
    await dialog.getByLabel('Name or access key').fill(scene.marina.admin.name)
    await dialog.getByLabel('Password or secret').fill(scene.marina.admin.password)
    await dialog.getByRole('button', { name: 'Test' }).click()
    await dialog.getByText('The registry answers').waitFor()
    await isIdle(dialog)
    assert.deepEqual(await visitor.findBarriers(), [])
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByText('The endpoint nobody is saved.').waitFor()
    assert.deepEqual(visitor.complaints, [])
  })
})
