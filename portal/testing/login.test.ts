import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { callApi } from '../../server/testing/api.ts'
import { openVisitor, type Tab } from '../../server/testing/browser.ts'
import { expectAnswer } from '../../server/testing/http.ts'
import { openPortal } from '../../server/testing/portal.ts'
import { givenMadePassword } from '../../server/testing/portal-system.ts'
import { openTestMarina } from '../../server/testing/server.ts'

const { scene, visit, browser } = await openPortal()

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

  test('after the first sign-in, one may choose a password of one’s own, now or later', async () => {
    await using marina = await openTestMarina()
    const made = await givenMadePassword(marina)
    const enter = async ({ page }: Tab, password: string) => {
      await page.getByLabel('Name').fill('admin')
      await page.getByLabel('Password').fill(password)
      await page.getByRole('button', { name: 'Sign in' }).click()
    }
    await using first = await openVisitor(browser, { url: marina.url })
    await first.go('/login?next=/about')
    await enter(first, made)
    const title = { name: 'Choose your own password', level: 1 }
    await first.page.getByRole('heading', title).waitFor()
    assert.deepEqual(await first.findBarriers(), [])
    await first.page.getByRole('button', { name: 'Later' }).click()
    await first.page.getByRole('heading', { name: 'About', level: 1 }).waitFor()
    await first.go('/')
    await first.page.getByText('Your password is the one that Marina made.').waitFor()

    await using second = await openVisitor(browser, { url: marina.url })
    const { page, complaints } = second
    await second.go('/login?next=/about')
    await enter(second, made)
    await page.getByRole('heading', title).waitFor()
    await page.getByLabel('New password (required)').fill('short')
    await page.getByLabel('New password again').fill('other')
    await page.getByRole('button', { name: 'Change the password' }).click()
    await page.getByText('Use 8 to 128 characters').waitFor()
    await page.getByText('Both passwords must be the same.').waitFor()
    await page.getByLabel('New password (required)').fill('Chosen12345')
    await page.getByLabel('New password again').fill('Chosen12345')
    await page.getByRole('button', { name: 'Change the password' }).click()
    await page.getByRole('heading', { name: 'About', level: 1 }).waitFor()
    await second.go('/')
    await page.getByRole('heading', { name: 'Hello, admin', level: 1 }).waitFor()
    assert.equal(await page.getByText('Your password is the one that Marina made.').count(), 0)
    const login = (password: string) =>
      second.context.request.post('/c/login', { form: { principal: 'admin', password } }).then((one) => one.status())
    assert.deepEqual([await login(made), await login('Chosen12345')], [401, 200])
    assert.deepEqual(complaints, [])
  })

  test('where people may register, the sign-in leads to it, and errors stand at their fields', async () => {
    const { marina, cast } = scene
    const allow = async (isAllowed: boolean) => {
      const body = { self_registration: isAllowed }
      expectAnswer(await callApi(marina, 'PUT', '/configurations', { as: cast.administrator, body }), 200)
    }
    await using visitor = await visit()
    const { page, complaints } = visitor
    await visitor.go('/login')
    assert.equal(await page.getByRole('link', { name: 'Make an account' }).count(), 0)
    await visitor.go('/sign-up')
    await page.getByText('Accounts are made by an administrator here').waitFor()
    assert.equal(await page.locator('form').count(), 0)
    await allow(true)
    await visitor.go('/login?next=/projects')
    await page.getByRole('link', { name: 'Make an account' }).click()
    await page.getByRole('heading', { name: 'Make an account', level: 1 }).waitFor()
    assert.deepEqual(await visitor.findBarriers(), [])
    const fill = async (name: string, password: string, again = password) => {
      await page.getByLabel('Name (required)').fill(name)
      await page.getByLabel('Password (required)', { exact: true }).fill(password)
      await page.getByLabel('Password again').fill(again)
      await page.getByRole('button', { name: 'Make an account' }).click()
    }
    await fill('no:colon', 'Testing12345')
    await page.getByText('A name holds none of').waitFor()
    // The wrong field gets the focus a moment later: what is typed before would land there.
    await page.locator('input[name="username"]:focus').waitFor()
    await fill('newcomer', 'weak')
    await page.getByText('Use 8 to 128 characters').waitFor()
    await page.locator('input[name="password"]:focus').waitFor()
    await fill(cast.guest.name, 'Testing12345')
    await page.getByText('This name or e-mail address is in use already.').waitFor()
    assert.equal(await page.locator(':focus').getAttribute('name'), 'username')
    // Chromium itself notes the answer.
    assert.ok(complaints.splice(0).every((one) => one.includes('409')))
    await fill('newcomer', 'Testing12345')
    await page.getByRole('heading', { name: 'Projects', level: 1 }).waitFor()
    await page.getByRole('button', { name: 'Account: newcomer' }).waitFor()
    assert.deepEqual(complaints, [])

    await using late = await visit()
    await late.go('/sign-up')
    await allow(false)
    await late.page.getByLabel('Name (required)').fill('latecomer')
    await late.page.getByLabel('Password (required)', { exact: true }).fill('Testing12345')
    await late.page.getByLabel('Password again').fill('Testing12345')
    await late.page.getByRole('button', { name: 'Make an account' }).click()
    await late.page.getByRole('alert').getByText('Accounts are made by an administrator here').waitFor()
    assert.ok(late.complaints.every((one) => one.includes('401') || one.includes('403')))
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
