import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, visit } = await openPortal()

suite('signing in', () => {
  test('by keyboard alone: a wrong password is told at its field, the right one leads on', async () => {
    await using visitor = await visit()
    const { page, complaints } = visitor
    const { name, password } = scene.cast.developer
    await visitor.go('/login?next=/kit')
    assert.equal(await page.locator(':focus').getAttribute('name'), 'name')
    await page.keyboard.type(name)
    await page.keyboard.press('Tab')
    await page.keyboard.type('wrong')
    await page.keyboard.press('Enter')
    await page.getByText('Name or password is wrong.').waitFor()
    assert.equal(await page.locator(':focus').getAttribute('name'), 'password')
    assert.equal(await page.locator(':focus').getAttribute('aria-invalid'), 'true')
    // Chromium itself notes each answer of 401.
    assert.ok(complaints.splice(0).every((one) => one.includes('401')))
    await page.keyboard.press('Control+A')
    await page.keyboard.type(password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Kit', level: 1 }).waitFor()
    assert.equal(new URL(page.url()).pathname, '/kit')
    await page.getByRole('button', { name: `Account: ${name}` }).waitFor()
    assert.deepEqual(complaints, [])
  })

  test('a link to another site is not followed after signing in', async () => {
    for (const next of ['//evil.example/', 'https://evil.example/', '/\\evil.example']) {
      await using visitor = await visit({ as: scene.cast.developer })
      await visitor.page.goto(`/login?next=${encodeURIComponent(next)}`)
      await visitor.page.getByRole('heading', { name: /^Hello/, level: 1 }).waitFor()
      assert.equal(new URL(visitor.page.url()).origin, scene.marina.url)
    }
  })

  test('signing out ends the session on the server, and the next page asks to sign in', async () => {
    await using visitor = await visit({ as: scene.cast.guest })
    const { page, context, complaints } = visitor
    await visitor.go('/projects')
    await page.getByRole('button', { name: 'Account: gustav' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor()
    assert.equal((await context.request.get('/api/v2.0/users/current')).status(), 401)
    assert.deepEqual(complaints, [])
  })

  test('a change in a session that ended elsewhere leads to a way to sign in, and back', async () => {
    await using visitor = await visit({ as: scene.cast.developer })
    const { page, context } = visitor
    await visitor.go('/projects')
    await context.clearCookies()
    await page.getByRole('button', { name: 'New project' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('never-made')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    const link = page.locator('header.top-bar a.main')
    await link.waitFor({ state: 'attached' })
    assert.match((await link.getAttribute('href'))!, /^\/login\?next=%2Fprojects/)
  })

  test('the chosen language and theme stay in this browser', async () => {
    await using visitor = await visit({ language: 'de-AT' })
    const { page } = visitor
    await visitor.go('/login')
    await page.getByRole('heading', { name: 'Anmelden', level: 1 }).waitFor()
    await visitor.go('/projects')
    await page.getByRole('button', { name: 'Sprache' }).click()
    await page.getByRole('menuitemradio', { name: 'English' }).click()
    await page.getByRole('heading', { name: 'Projects', level: 1 }).waitFor()
    await page.getByRole('button', { name: 'Theme' }).click()
    await page.getByRole('menuitemradio', { name: 'Dark' }).click()
    await visitor.go('/projects')
    await page.getByRole('heading', { name: 'Projects', level: 1 }).waitFor()
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark')
    assert.equal(await page.locator('html').getAttribute('lang'), 'en')
    assert.deepEqual(visitor.complaints, [])
  })
})
