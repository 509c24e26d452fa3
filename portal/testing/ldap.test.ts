import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { callApi, create, type CallOptions } from '../../server/testing/api.ts'
import { openBrowser, openVisitor } from '../../server/testing/browser.ts'
import { groups, openTestDirectory, passwordOf, people, person } from '../../server/testing/directory.ts'
import { givenProject } from '../../server/testing/given.ts'
import { eventually, expectAnswer } from '../../server/testing/http.ts'
import { openTestMarina } from '../../server/testing/server.ts'

const opened = new AsyncDisposableStack()
after(() => opened.disposeAsync())
const directory = opened.use(await openTestDirectory())
const marina = opened.use(await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1' }))
const browser = opened.adopt(await openBrowser(), (one) => one.close())
const api = (method: string, path: string, options?: CallOptions) => callApi(marina, method, path, options)
const first = { auth_mode: 'ldap_auth', ...directory.items }
expectAnswer(await api('PUT', '/configurations', { as: marina.admin, body: first }), 200)

const dnOf = (uid: string) => `uid=${uid},${people}`
const devs = `cn=devs,${groups}`
await directory.add(dnOf('ann'), person('ann', { cn: 'Ann Archer', mail: 'ann@example.com' }))
await directory.add(dnOf('ben'), person('ben', { cn: '<img src=x onerror=alert(1)>' }))
await directory.add(devs, { objectClass: 'groupOfNames', cn: 'devs', member: dnOf('ben') })
const project = await givenProject(marina, { name: 'harbour' })

const visit = (look: Partial<Parameters<typeof openVisitor>[1]> = {}) =>
  openVisitor(browser, { url: marina.url, ...look })
const admin = () => visit({ as: marina.admin })

suite('a directory in the portal', () => {
  test('its settings are tried before they are saved, a wrong password is told, and no secret is shown', async () => {
    await using visitor = await admin()
    const { page } = visitor
    await visitor.go('/settings/ldap')
    await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor()
    const password = page.locator('#setting-ldap_search_password')
    assert.equal(await password.inputValue(), '')
    await page.getByRole('button', { name: 'Test', exact: true }).click()
    await page.getByText('The directory answers, and takes the account that searches.').waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    await page.emulateMedia({ colorScheme: 'dark' })
    // On a busy machine some elements still have the colours of before for a frame.
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
    assert.deepEqual(await visitor.findBarriers(), [])
    await password.fill('wrong')
    await page.getByRole('button', { name: 'Test', exact: true }).click()
    await page
      .getByRole('alert')
      .getByText(/invalid credential/)
      .waitFor()
    await page.getByRole('button', { name: 'Discard' }).click()
    await page.locator('#setting-ldap_base_dn').fill('example.com')
    await page.getByRole('button', { name: 'Review the changes' }).click()
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page
      .getByRole('dialog')
      .getByRole('alert')
      .getByText(/ldap_base_dn/i)
      .waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Discard' }).click()
    await page.locator('#setting-ldap_filter').fill('(objectClass=person)')
    await page.getByRole('button', { name: 'Review the changes' }).click()
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('The settings are saved.').waitFor()
    assert.ok(visitor.complaints.every((one) => one.includes('status of 400')))
    const now = expectAnswer(await api('GET', '/configurations', { as: marina.admin }), 200)
    assert.equal((now.json() as { ldap_filter: { value: string } }).ldap_filter.value, '(objectClass=person)')
  })

  test('people are imported, and a group of the directory becomes a member of a project', async () => {
    await using visitor = await admin()
    const { page } = visitor
    await visitor.go('/users')
    assert.equal(await page.getByRole('button', { name: 'New user' }).getAttribute('aria-disabled'), 'true')
    await page.getByRole('button', { name: 'Import from the directory' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name in the directory').fill('nobody')
    await dialog.getByRole('button', { name: 'Search' }).click()
    await dialog.getByText('The directory has nobody of that name.').waitFor()
    await dialog.getByLabel('Name in the directory').fill('')
    await dialog.getByRole('button', { name: 'Search' }).click()
    await dialog.getByRole('checkbox', { name: 'ann (Ann Archer, ann@example.com)' }).waitFor()
    await dialog.getByRole('checkbox', { name: /^ben / }).check()
    assert.equal(await page.locator('img[src="x"]').count(), 0)
    assert.deepEqual(await visitor.findBarriers(), [])
    await dialog.getByRole('button', { name: 'Import one person' }).click()
    await page.getByRole('row', { name: /\bben\b/ }).waitFor()
    await page.getByRole('button', { name: 'Actions: ben' }).click()
    const item = page.getByRole('menuitem', { name: 'Set a password' })
    assert.equal(await item.getAttribute('aria-disabled'), 'true')
    await page.keyboard.press('Escape')

    await visitor.go('/groups')
    await page.getByRole('button', { name: 'New group' }).first().click()
    await dialog.getByLabel('Name (required)', { exact: true }).fill('nowhere')
    await dialog.getByRole('button', { name: 'Look it up in the directory' }).click()
    await dialog.getByText('The directory has no group called nowhere.').waitFor()
    assert.ok(visitor.complaints.splice(0).every((one) => one.includes('status of 404')))
    await dialog.getByLabel('Name (required)', { exact: true }).fill('devs')
    await dialog.getByRole('button', { name: 'Look it up in the directory' }).click()
    await eventually(async () => assert.equal(await dialog.getByLabel('Distinguished name').inputValue(), devs))
    await page.keyboard.press('Escape')

    await visitor.go(`/p/${project.name}/-/members`)
    await page.getByRole('button', { name: 'Add member' }).first().click()
    await page.getByRole('combobox').fill('devs')
    await page.getByRole('option', { name: /devs Group of the directory/ }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Add member' }).click()
    await page.getByText('devs is now Developer.').waitFor()
    assert.deepEqual(visitor.complaints, [])
  })

  test('somebody of the directory signs in, and cannot change here what the directory keeps', async () => {
    await create(marina, `/projects/${project.name}/members`, marina.admin, {
      role_id: 3,
      member_user: { username: 'ann' },
    })
    await using visitor = await visit({ language: 'de', width: 360, height: 740 })
    const { page } = visitor
    await visitor.go('/login?next=/projects')
    await page.getByText('Wie im Verzeichnis der Firma.').waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    await page.getByLabel('Name').fill('ann')
    await page.getByLabel('Passwort').fill(passwordOf('ann'))
    await page.getByRole('button', { name: 'Anmelden' }).click()
    await page.getByRole('link', { name: project.name }).waitFor()
    await visitor.go('/profile')
    await page.getByText('des Verzeichnisses', { exact: true }).waitFor()
    await page.getByText('Ann Archer').waitFor()
    assert.equal(await page.getByLabel('Jetziges Passwort').count(), 0)
    assert.deepEqual(await visitor.findBarriers(), [])
    assert.deepEqual(visitor.complaints, [])
    const ann = { kind: 'user', id: 0, name: 'ann', password: passwordOf('ann') } as const
    const token = await api('POST', '/users/current/tokens', { as: ann, body: { name: 'laptop' } })
    expectAnswer(token, 201)
  })
})
