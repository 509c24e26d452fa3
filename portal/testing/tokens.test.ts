import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { callApi } from '../../server/testing/api.ts'
import { eventually, expectAnswer, type Person } from '../../server/testing/http.ts'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, visit: open } = await openPortal()
const { marina, cast } = scene

const pull = (repository: string, as: Person) => marina.ask('GET', `/v2/${repository}/tags/list`, { as })

async function givenToken(as: Person, body: { name: string; duration?: number }): Promise<Person> {
  const answer = expectAnswer(await callApi(marina, 'POST', '/users/current/tokens', { as, body }), 201)
  return { ...as, password: (answer.json() as { secret: string }).secret }
}

suite('personal access tokens in the portal', () => {
  test('a token for one project is shown once, works there and nowhere else, and ends when it is revoked', async () => {
    await using visitor = await open({ as: cast.developer })
    const { page } = visitor
    await visitor.go('/profile')
    await page.getByRole('heading', { name: 'No tokens yet' }).waitFor()
    await page.getByRole('button', { name: 'New token' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('radio', { name: 'Pull only' }).check()
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByText('Give it a name.').waitFor()
    await dialog.getByText('Choose at least one project.').waitFor()
    await dialog.getByLabel('What is it for?').fill('ci')
    await dialog.getByRole('combobox', { name: 'Add a project' }).fill('tea')
    await dialog.getByRole('option', { name: 'team' }).click()
    await dialog.getByLabel('It expires after').selectOption('30 days')
    assert.deepEqual(await visitor.findBarriersInBoth(), [])
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('dialog', { name: 'The token ci is there' }).waitFor()
    const secret = (await page.locator('.secret').textContent())!
    assert.match(secret, /^marina_pat_/)
    const host = new URL(marina.url).host
    assert.equal(
      await page.getByRole('region', { name: 'docker login' }).textContent(),
      `printf %s '${secret}' | docker login ${host} --username 'dora' --password-stdin`,
    )
    await dialog.getByRole('radio', { name: 'API by curl' }).check()
    assert.equal(
      await page.getByRole('region', { name: 'API by curl' }).textContent(),
      `curl --user 'dora:${secret}' '${marina.url}/api/v2.0/projects'`,
    )
    assert.deepEqual(await visitor.findBarriersInBoth(), [])
    await page.getByRole('button', { name: 'I have copied it' }).click()
    assert.ok(!(await page.content()).includes(secret))

    const by = { ...cast.developer, password: secret }
    expectAnswer(await pull('team/apps/web', by), 200)
    const projects = expectAnswer(await callApi(marina, 'GET', '/projects', { as: by }), 200)
    assert.ok(projects.text.includes('team'))
    const push = await marina.ask('POST', '/v2/team/apps/web/blobs/uploads/', { as: by })
    assert.ok(push.status === 401 || push.status === 403, String(push.status))
    const row = page.getByRole('row', { name: /^ci / })
    assert.match((await row.textContent())!, /pull – team/)
    await page.reload()
    const end = await row.locator('time').first().getAttribute('datetime')
    assert.equal(Math.round((Date.parse(end!) - Date.now()) / 86_400_000), 30)

    await page.getByRole('button', { name: 'Actions: ci' }).click()
    await page.getByRole('menuitem', { name: 'Revoke' }).click()
    await dialog.getByText('This cannot be undone').waitFor()
    await dialog.getByRole('button', { name: 'Revoke' }).click()
    await page.getByText('The token ci is revoked.').waitFor()
    assert.equal((await pull('team/apps/web', by)).status, 401)
    await page.getByRole('heading', { name: 'No tokens yet' }).waitFor()
    assert.deepEqual(visitor.complaints, [])
  })

  test('a token with a name that is taken is told at its field; rights are chosen one by one', async () => {
    await givenToken(cast.maintainer, { name: 'build' })
    await using visitor = await open({ as: cast.maintainer })
    const { page } = visitor
    await visitor.go('/profile')
    await page.getByRole('button', { name: 'New token' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('What is it for?').fill('build')
    await dialog.getByRole('radio', { name: 'Other rights' }).check()
    assert.equal(await dialog.getByRole('group', { name: 'On the whole system' }).count(), 0)
    await dialog.getByRole('radio', { name: 'In all my projects' }).check()
    const tags = dialog.getByRole('group', { name: 'Tags', exact: true })
    await tags.getByRole('checkbox', { name: 'list' }).check()
    await dialog.getByLabel('It expires after').selectOption('another number of days')
    await dialog.getByLabel('Days', { exact: false }).last().fill('4000')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.locator('input[name="ownDays"]:focus').waitFor()
    await page.locator('input[name="ownDays"]').fill('10')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog.getByText('You have a token called build already.').waitFor()
    assert.ok(visitor.complaints.splice(0).every((one) => one.includes('status of 409')))
    await dialog.getByLabel('What is it for?').fill('reader')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('button', { name: 'I have copied it' }).click()
    const made = page.getByRole('row', { name: /^reader / })
    assert.match((await made.textContent())!, /Tags: list/)
    assert.match((await made.textContent())!, /every project/)
    assert.match((await page.getByRole('row', { name: /^build / }).textContent())!, /all that the account may do/)
    assert.deepEqual(visitor.complaints, [])
  })

  test('an administrator sees the tokens of somebody else and revokes them; others see no page of users', async () => {
    const by = await givenToken(cast.stranger, { name: 'lost-phone', duration: 3 })
    expectAnswer(await callApi(marina, 'GET', '/users/current', { as: by }), 200)
    await using visitor = await open({ as: cast.administrator, language: 'de' })
    const { page } = visitor
    await visitor.go('/users')
    await page.getByRole('button', { name: 'Aktionen: stella' }).click()
    await page.getByRole('menuitem', { name: 'Zugriffstoken' }).click()
    const dialog = page.getByRole('dialog', { name: 'Zugriffstoken von stella' })
    await dialog.getByRole('row', { name: /lost-phone .*bald/ }).waitFor()
    assert.deepEqual(await visitor.findBarriersInBoth(), [])
    await dialog.getByRole('button', { name: 'Aktionen: lost-phone' }).click()
    await page.getByRole('menuitem', { name: 'Widerrufen' }).click()
    await page.getByRole('button', { name: 'Widerrufen', exact: true }).click()
    await dialog.getByRole('heading', { name: 'Keine Token' }).waitFor()
    await eventually(async () => assert.equal((await callApi(marina, 'GET', '/users/current', { as: by })).status, 401))
    assert.deepEqual(visitor.complaints, [])
    const { id } = cast.stranger
    for (const as of [cast.developer, cast.projectAdmin])
      assert.equal((await callApi(marina, 'GET', `/users/${id}/tokens`, { as })).status, 403)
  })
})
