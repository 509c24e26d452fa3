import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { callApi } from '../../server/testing/api.ts'
import type { Visitor } from '../../server/testing/browser.ts'
import { pushImage } from '../../server/testing/given.ts'
import { eventually, expectAnswer } from '../../server/testing/http.ts'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, visit: open } = await openPortal()
const { marina, cast } = scene

const pull = async (repository: string) =>
  (await marina.ask('GET', `/v2/team/${repository}/tags/list`, { as: cast.stranger })).status

const lookBothWays = async ({ page, findBarriers }: Visitor) => {
  const light = await findBarriers()
  await page.emulateMedia({ colorScheme: 'dark' })
  // On a busy machine some elements still have the colours of before for a frame.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
  const dark = await findBarriers()
  await page.emulateMedia({ colorScheme: 'light' })
  return [...light, ...dark]
}

suite('roles of one’s own, and who may do what', () => {
  test('a role is made, given in some repositories, explained, and taken away with the next request', async () => {
    await using visitor = await open({ as: cast.projectAdmin })
    const { page } = visitor
    const dialog = page.getByRole('dialog')
    await visitor.go('/p/team/-/access?view=roles')
    await page.getByRole('row', { name: /^Maintainer Harbor / }).waitFor()
    await page.getByRole('button', { name: 'New role' }).click()
    await dialog.getByLabel('Name (required)').fill('release reader')
    await dialog.getByLabel('Begin with the rights of').selectOption('Guest')
    const repositories = dialog.getByRole('group', { name: 'Repositories', exact: true })
    await repositories.getByRole('checkbox', { name: 'pull', checked: true }).waitFor()
    await dialog.getByLabel('Begin with the rights of').selectOption('no role')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByText('Choose at least one right.').waitFor()
    await repositories.getByRole('checkbox', { name: 'pull' }).check()
    assert.deepEqual(await lookBothWays(visitor), [])
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('row', { name: /^release reader this project/ }).waitFor()

    await page.getByRole('link', { name: 'Given roles' }).click()
    await page.getByRole('heading', { name: 'No role is given here' }).waitFor()
    await page.getByRole('button', { name: 'Give a role' }).click()
    await dialog.getByRole('combobox', { name: 'Person or group' }).fill('stel')
    await page.getByRole('option', { name: 'stella' }).click()
    await dialog.getByLabel('Where').fill('apps/{')
    await dialog.getByRole('button', { name: 'Give it' }).click()
    await dialog.locator('.field-error', { hasText: 'repositories' }).waitFor()
    assert.ok(visitor.complaints.splice(0).every((one) => one.includes('status of 400')))
    await dialog.getByLabel('Where').fill('apps/**')
    await dialog.getByRole('button', { name: 'Give it' }).click()
    await page.getByRole('row', { name: /^stella release reader apps\/\*\*/ }).waitFor()
    assert.deepEqual(await lookBothWays(visitor), [])
    assert.equal(await pull('apps/web'), 200)
    assert.notEqual(await pull('api'), 200)

    await page.getByRole('link', { name: 'Who may do this?' }).click()
    await page.getByRole('combobox', { name: 'Action' }).selectOption('Repositories: pull')
    await page.getByRole('combobox', { name: 'Who' }).selectOption('a person')
    await page.getByRole('searchbox', { name: 'Name' }).fill('stella')
    await page.getByRole('searchbox', { name: 'Repository' }).fill('apps/web')
    const answer = page.getByRole('row', { name: /^stella .*yes/ })
    await answer.getByText(/release reader/).waitFor()
    assert.deepEqual(await lookBothWays(visitor), [])
    await page.getByRole('searchbox', { name: 'Repository' }).fill('api')
    await page.getByRole('row', { name: /^stella .*no/ }).waitFor()

    await visitor.go('/p/team/-/access?view=roles')
    await page.getByRole('button', { name: 'Actions: release reader' }).click()
    assert.equal(await page.getByRole('menuitem', { name: 'Delete' }).getAttribute('aria-disabled'), 'true')
    await visitor.go('/p/team/-/access?view=bindings')
    await page.getByRole('button', { name: 'Actions: stella, release reader' }).click()
    await page.getByRole('menuitem', { name: 'Take it away' }).click()
    await dialog.getByRole('button', { name: 'Take it away' }).click()
    await page.getByText('stella does not hold it any more.').waitFor()
    await eventually(async () => assert.notEqual(await pull('apps/web'), 200))
    assert.deepEqual(visitor.complaints, [])
  })

  test('tags are protected: what a rule would refuse is told before, and the refusal names the rule', async () => {
    await using visitor = await open({ as: cast.projectAdmin })
    const { page } = visitor
    const dialog = page.getByRole('dialog')
    await visitor.go('/p/team/-/rules')
    await page.getByText('No tag is protected').waitFor()
    await page.getByRole('button', { name: 'New protection' }).click()
    await dialog.getByLabel('Name (required)').fill('releases')
    await dialog.getByLabel('Tags').fill('2.*')
    await dialog.getByLabel('Repositories').fill('apps/**')
    await dialog.getByRole('checkbox', { name: 'Maintainer' }).check()
    await dialog.getByRole('button', { name: 'What would it refuse?' }).click()
    await dialog.getByText('Tags that it protects today: 1').waitFor()
    await dialog.getByText('apps/web:2.0').waitFor()
    await dialog.getByRole('listitem').filter({ hasText: 'dora' }).waitFor()
    assert.deepEqual(await lookBothWays(visitor), [])
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByText('Only Maintainer may overwrite or delete tags 2.* in apps/**').waitFor()
    await assert.rejects(pushImage(marina, 'team/apps/web', { as: cast.developer, tag: '2.0' }), /releases/)
    await page.getByRole('button', { name: 'Actions: releases' }).click()
    await page.getByRole('menuitem', { name: 'Switch off' }).click()
    await page.getByText('The protection releases is saved.').last().waitFor()
    await eventually(() => pushImage(marina, 'team/apps/web', { as: cast.developer, tag: '2.0' }))
    await page.getByRole('button', { name: 'Actions: releases' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('No tag is protected').waitFor()
    assert.deepEqual(visitor.complaints, [])
  })

  test('an administrator makes a role for every project, and an auditor; in German, in a narrow window', async () => {
    await using visitor = await open({ as: cast.administrator, language: 'de', width: 360, height: 740 })
    const { page } = visitor
    const dialog = page.getByRole('dialog')
    await visitor.go('/roles')
    await page.getByRole('row', { name: /^Betreuer Harbor/ }).waitFor()
    await page.getByRole('button', { name: 'Neue Rolle' }).click()
    await dialog.getByLabel('Name (Pflichtfeld)').fill('scanner')
    await dialog.getByRole('group', { name: 'Scans', exact: true }).getByRole('checkbox', { name: 'anlegen' }).check()
    await dialog.getByRole('button', { name: 'Anlegen', exact: true }).click()
    await page.getByRole('row', { name: /^scanner/ }).waitFor()
    assert.deepEqual(await lookBothWays(visitor), [])
    await page.getByRole('link', { name: 'Prüfer' }).click()
    await page.getByRole('heading', { name: 'Keine Prüfer' }).waitFor()
    await page.getByRole('button', { name: 'Prüfer hinzufügen' }).click()
    await dialog.getByRole('combobox', { name: 'Person oder Gruppe' }).fill('no-such-person')
    await page.keyboard.press('Escape')
    await dialog.getByRole('button', { name: 'Hinzufügen' }).click()
    await dialog.locator('.field-error').waitFor()
    assert.ok(visitor.complaints.splice(0).every((one) => one.includes('status of 404')))
    await dialog.getByRole('combobox', { name: 'Person oder Gruppe' }).fill('stella')
    await page.keyboard.press('Escape')
    await dialog.getByRole('button', { name: 'Hinzufügen' }).click()
    await page.getByRole('row', { name: /^stella/ }).waitFor()
    assert.deepEqual(await lookBothWays(visitor), [])
    const read = () => callApi(marina, 'GET', '/auditlog-exts', { as: cast.stranger })
    expectAnswer(await read(), 200)
    const change = { as: cast.stranger, body: { read_only: true } }
    assert.equal((await callApi(marina, 'PUT', '/configurations', change)).status, 403)
    await page.getByRole('button', { name: 'Aktionen: stella' }).click()
    await page.getByRole('menuitem', { name: 'Entfernen' }).click()
    await dialog.getByRole('button', { name: 'Entfernen' }).click()
    await page.getByRole('heading', { name: 'Keine Prüfer' }).waitFor()
    assert.deepEqual(visitor.complaints, [])
  })
})
