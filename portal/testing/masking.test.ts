import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { callApi } from '../../server/testing/api.ts'
import { givenUser } from '../../server/testing/given.ts'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, visit: open, ask } = await openPortal()
const { marina, cast } = scene
const as = cast.administrator

type Entry = { username: string; resource: string }
const entriesOf = (q: string) => ask<Entry[]>(`/auditlog-exts?page_size=100&q=${encodeURIComponent(q)}`)

suite('names of deleted accounts in the portal', () => {
  test('an empty list teaches; a deletion masks the name with it, and the list shows what stands there now', async () => {
    await using visitor = await open({ as })
    const { page } = visitor
    const dialog = page.getByRole('dialog')
    await visitor.go('/masking')
    await page.getByRole('heading', { name: 'No name was masked yet' }).waitFor()
    assert.deepEqual(await visitor.findBarriersInBoth(), [])

    await givenUser(marina, 'nora')
    await visitor.go('/users')
    await page.getByRole('button', { name: 'Actions: nora' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await dialog.getByRole('checkbox', { name: 'Mask the name in the audit log' }).check()
    await dialog.getByLabel('Type nora to confirm').fill('nora')
    assert.deepEqual(await visitor.findBarriersInBoth(), [])
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('The account nora is deleted.').waitFor()

    await visitor.go('/masking')
    const row = page.getByRole('row', { name: /deleted#[0-9a-f]{16} done/ })
    await row.waitFor()
    assert.deepEqual(await entriesOf('username=nora'), [])
    assert.deepEqual(await entriesOf('resource=nora'), [])
    await row.getByRole('button', { name: /^Actions: deleted#/ }).click()
    await page.getByRole('menuitem', { name: 'Show its entries' }).click()
    await page.waitForURL(/\/activity\?who=deleted%23/)
    assert.deepEqual(visitor.complaints, [])
  })

  test('the name of an account that is gone is masked by the keyboard, and a name that never was is told', async () => {
    const gone = await givenUser(marina, 'otto')
    assert.equal((await callApi(marina, 'DELETE', `/users/${gone.id}`, { as })).status, 200)
    await using visitor = await open({ as, language: 'de', width: 390, height: 800 })
    const { page } = visitor
    const dialog = page.getByRole('dialog')
    for (const name of ['otto', 'niemand-dieses-namens']) {
      await visitor.go('/masking')
      await page.getByRole('button', { name: 'Namen maskieren' }).focus()
      await page.keyboard.press('Enter')
      await page.locator('[name=username]:focus').waitFor()
      await page.keyboard.type(name)
      assert.deepEqual(await visitor.findBarriersInBoth(), [])
      await page.keyboard.press('Enter')
      await page.getByText('Der Name wird maskiert.').waitFor()
      await dialog.waitFor({ state: 'detached' })
    }
    await page.getByText('nichts gefunden: Stimmt der Name?').waitFor()
    assert.deepEqual(await entriesOf('resource=otto'), [])
    assert.deepEqual(visitor.complaints, [])
  })

  test('a name without a character is refused at its field, in the words of the server', async () => {
    await using visitor = await open({ as })
    const { page } = visitor
    const dialog = page.getByRole('dialog')
    await visitor.go('/masking')
    await page.getByRole('button', { name: 'Mask a name' }).click()
    // The browser itself would refuse it: without that, the server does.
    await page.evaluate("document.querySelector('[name=username]').required = false")
    await dialog.getByRole('button', { name: 'Mask a name' }).click()
    await dialog.locator('.field-error', { hasText: 'username must not be empty' }).waitFor()
    await page.locator('[name=username]:focus').waitFor()
    assert.ok(visitor.complaints.splice(0).every((one) => one.includes('status of 422')))
  })

  test('those without the right see no such page', async () => {
    await using visitor = await open({ as: cast.projectAdmin })
    const { page } = visitor
    await visitor.go('/masking')
    await page.getByRole('heading', { name: 'You may not see this', level: 1 }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'Masked names' }).count(), 0)
  })
})
