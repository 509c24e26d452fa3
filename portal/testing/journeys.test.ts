import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import type { Browser, Locator } from 'playwright-core'
import { openBrowser, openVisitor, type Visitor } from '../../server/testing/browser.ts'
import { eventually, expectAnswer } from '../../server/testing/http.ts'
import { openPortalScene, type PortalScene } from '../../server/testing/portal-scene.ts'
import { openReceiver } from '../../server/testing/receiver.ts'

/** More fields than any page has: a part that Tab does not reach by then is not reached at all. */
const mostTabs = 250

/** One person does everything with the keyboard, one journey after the other, in a Marina that others use, too. */
suite('by keyboard alone', () => {
  let scene: PortalScene
  let browser: Browser
  let visitor: Visitor
  const robot = { name: '', secret: '' }
  before(async () => {
    scene = await openPortalScene()
    browser = await openBrowser()
    visitor = await openVisitor(browser, { url: scene.marina.url })
  })
  after(async () => {
    await visitor[Symbol.asyncDispose]()
    await browser.close()
    await scene[Symbol.asyncDispose]()
  })
  const { keyboard, getByRole, getByText, getByLabel, dialog } = {
    keyboard: {
      press: (key: string) => visitor.page.keyboard.press(key),
      type: (text: string) => visitor.page.keyboard.type(text),
    },
    getByRole: (...of: Parameters<Visitor['page']['getByRole']>) => visitor.page.getByRole(...of),
    getByText: (text: string | RegExp) => visitor.page.getByText(text),
    getByLabel: (text: string) => visitor.page.getByLabel(text),
    dialog: () => visitor.page.getByRole('dialog'),
  }
  const button = (name: string | RegExp, within: Pick<Locator, 'getByRole'> = visitor.page) =>
    within.getByRole('button', { name, exact: true }).first()

  /** A tab of the page: the navigation may have a link of the same name. */
  const tab = (name: string) => visitor.page.locator('main').getByRole('link', { name, exact: true })

  /** Presses Tab until a part has the focus. */
  async function reach(part: Locator): Promise<void> {
    await part.waitFor()
    const focused = part.and(visitor.page.locator(':focus'))
    for (let count = 0; count < mostTabs; count++) {
      if ((await focused.count()) > 0) return
      await keyboard.press('Tab')
    }
    assert.fail(`Tab does not reach ${String(part)}`)
  }
  const press = async (part: Locator, key = 'Enter') => {
    await reach(part)
    await keyboard.press(key)
  }
  const fill = async (part: Locator, text: string) => {
    await reach(part)
    await keyboard.press('Control+A')
    await keyboard.type(text)
  }
  /** Opens a menu and goes to an item by the arrows. */
  const choose = async (menu: Locator, item: Locator) => {
    await press(menu)
    await item.waitFor()
    const focused = item.and(visitor.page.locator(':focus'))
    for (let count = 0; count < 20 && (await focused.count()) === 0; count++) await keyboard.press('ArrowDown')
    await keyboard.press('Enter')
  }
  /** Goes to a place by the palette: a page, a project, a repository. */
  const jump = async (text: string, option: string | RegExp) => {
    await keyboard.press('Control+K')
    await visitor.page.locator('input[role=combobox]:focus').waitFor()
    await keyboard.type(text)
    const wanted = getByRole('option', { name: option }).first()
    await wanted.waitFor()
    for (let count = 0; count < 20 && (await wanted.getAttribute('aria-selected')) !== 'true'; count++)
      await keyboard.press('ArrowDown')
    await keyboard.press('Enter')
    await dialog().waitFor({ state: 'detached' })
  }
  const ask = async <Answer>(at: string) =>
    expectAnswer(await scene.marina.ask('GET', `/api/v2.0${at}`, { as: scene.marina.admin }), 200).json() as Answer

  test('1: signs in', async () => {
    await visitor.go('/')
    await press(visitor.page.locator('header').getByRole('link', { name: 'Sign in' }))
    await visitor.page.locator('input[name=name]:focus').waitFor()
    await keyboard.type(scene.marina.admin.name)
    await keyboard.press('Tab')
    await keyboard.type(scene.marina.admin.password)
    await keyboard.press('Enter')
    await button(`Account: ${scene.marina.admin.name}`).waitFor()
  })

  test('2: makes a project', async () => {
    await press(visitor.page.locator('nav').getByRole('link', { name: 'Projects', exact: true }))
    await press(button('New project'))
    await fill(dialog().getByRole('textbox', { name: 'Name' }), 'shop')
    await keyboard.press('Enter')
    await getByText('The project shop is there.').waitFor()
  })

  test('3: makes a robot for it, and reads its secret', async () => {
    await press(getByRole('link', { name: 'shop', exact: true }))
    await press(tab('Robots'))
    await press(button('New robot'))
    await press(button('Next', dialog()))
    await fill(dialog().getByLabel('Name', { exact: true }), 'ci')
    await keyboard.press('Enter')
    await press(button('Create', dialog()))
    await getByRole('dialog', { name: 'The robot ci is there' }).waitFor()
    robot.name = (await visitor.page.locator('dialog .facts code').first().textContent())!
    robot.secret = (await visitor.page.locator('.secret').textContent())!
    await press(button('I have copied it'))
  })

  test('4: pushes with the words of the page, by skopeo', async () => {
    await press(tab('Repositories'))
    const words = (await visitor.page.locator('main pre').first().textContent())!
    const [, target] = /docker push (\S+)/.exec(words)!
    const { host } = new URL(scene.marina.url)
    assert.equal(target, `${host}/shop/my-image:1.0`)
    await push(`docker://${host}/library/alpine:3.20`, `docker://${target}`)
    assert.deepEqual(
      (await ask<{ name: string }[]>('/projects/shop/repositories')).map(({ name }) => name),
      ['shop/my-image'],
    )
  })

  async function push(from: string, to: string): Promise<void> {
    const folder = await mkdtemp(path.join(tmpdir(), 'marina-journey-'))
    try {
      const flags = ['--src-tls-verify=false', '--dest-tls-verify=false', '--src-no-creds']
      const login = ['--dest-creds', `${robot.name}:${robot.secret}`]
      await promisify(execFile)('skopeo', ['--insecure-policy', 'copy', ...flags, ...login, from, to], {
        env: { ...process.env, HOME: folder, TMPDIR: folder },
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  }

  test('5: the list shows the new repository without a reload; finds the image and its layers', async () => {
    // Nobody pressed anything: the stream told the page.
    await getByRole('link', { name: 'my-image', exact: true }).waitFor()
    await jump('shop/my', 'shop/my-image')
    await press(getByRole('link', { name: '1.0', exact: true }))
    await getByRole('heading', { name: 'my-image:1.0', level: 1 }).waitFor()
    await press(visitor.page.locator('main').getByRole('link', { name: 'Contents' }))
    await reach(visitor.page.locator('.layers summary').first())
    await visitor.page.locator('.layers[open] .digest').first().waitFor()
  })

  test('6: sets a rule, and sees what it would delete', async () => {
    await jump('shop', /^shop\b/)
    await press(tab('Rules'))
    await press(button('New policy'))
    await fill(dialog().getByRole('group', { name: 'Rule 1' }).getByLabel('Tags'), 'release-*')
    await press(button('What would it do?', dialog()))
    await dialog()
      .getByText(/stay|go/)
      .first()
      .waitFor()
    await press(button('Save', dialog()))
    await getByText('The retention policy is saved.').waitFor()
    await press(tab('Preview'))
    await getByRole('link', { name: 'my-image:1.0', exact: true }).waitFor()
  })

  test('7: makes a webhook, and sees its delivery', async () => {
    await using receiver = await openReceiver()
    receiver.answer(() => ({ status: 200, body: 'heard' }))
    await press(tab('Webhooks'))
    await press(button('New webhook'))
    await fill(dialog().getByLabel('Name', { exact: false }).first(), 'chat')
    await fill(dialog().getByLabel('Address'), `${receiver.url}/hook`)
    await press(button('Create', dialog()))
    await press(getByRole('link', { name: 'chat', exact: true }))
    await press(button('Send a test'))
    await press(button('Send a test', dialog()))
    await getByRole('row').getByText('delivered').waitFor()
    await press(button('Artifact pushed'))
    await getByRole('region', { name: 'Body of the answer' }).getByText('heard').waitFor()
    await keyboard.press('Escape')
    assert.equal(receiver.received.length, 1)
  })

  test('8: deletes the repository, and restores it', async () => {
    await jump('shop', /^shop\b/)
    await choose(button('Actions: my-image'), getByRole('menuitem', { name: 'Delete' }))
    await fill(getByLabel('Type my-image to confirm'), 'my-image')
    await keyboard.press('Enter')
    await getByText('shop/my-image is deleted.').first().waitFor()
    await press(tab('Trash'))
    await choose(button('Actions: my-image'), getByRole('menuitem', { name: 'Restore' }))
    await press(button('Restore', dialog()))
    await getByText('my-image is back.').waitFor()
    await eventually(async () => assert.equal((await ask<object[]>('/projects/shop/repositories')).length, 1))
  })

  test('9: goes to a page by the palette', async () => {
    await jump('quo', 'Quotas')
    await getByRole('heading', { name: 'Quotas', level: 1 }).waitFor()
  })

  test('10: changes the language and the theme, and signs out', async () => {
    await choose(button('Language'), getByRole('menuitemradio', { name: 'Deutsch' }))
    await getByRole('heading', { name: 'Kontingente', level: 1 }).waitFor()
    await choose(button('Farbschema'), getByRole('menuitemradio', { name: 'Dunkel' }))
    assert.equal(await visitor.page.locator('html').getAttribute('data-theme'), 'dark')
    await choose(button(`Konto: ${scene.marina.admin.name}`), getByRole('menuitem', { name: 'Abmelden' }))
    await getByRole('heading', { name: 'Anmelden', level: 1 }).waitFor()
    assert.deepEqual(visitor.complaints, [])
  })
})
