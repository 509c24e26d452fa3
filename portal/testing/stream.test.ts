import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Browser, Page, Request } from 'playwright-core'
import { callApi } from '../../server/testing/api.ts'
import { givenProject, pushImage } from '../../server/testing/given.ts'
import { openBrowser, openVisitor } from '../../server/testing/browser.ts'
import { eventually, expectAnswer } from '../../server/testing/http.ts'
import { openTestMarina, type TestMarina } from '../../server/testing/server.ts'

const streams = '**/api/v2.0/events/stream*'
const isStream = (request: Request) => new URL(request.url()).pathname === '/api/v2.0/events/stream'

suite('what happens meanwhile is shown', () => {
  let marina: TestMarina
  let browser: Browser
  before(async () => {
    marina = await openTestMarina()
    browser = await openBrowser()
  })
  after(async () => {
    await browser.close()
    await marina[Symbol.asyncDispose]()
  })

  /** The page of a project's repositories, which asks again only when it is told of something. */
  async function watchProject() {
    const project = await givenProject(marina)
    await pushImage(marina, `${project.name}/first`, { tag: '1' })
    const visitor = await openVisitor(browser, { url: marina.url, as: marina.admin })
    const show = async () => {
      await visitor.go(`/p/${project.name}`)
      await visitor.page.getByRole('link', { name: 'first', exact: true }).waitFor()
    }
    const pushAnother = async (name: string) => {
      await pushImage(marina, `${project.name}/${name}`, { tag: '1' })
      await visitor.page.getByRole('link', { name, exact: true }).waitFor()
    }
    return { visitor, page: visitor.page, show, pushAnother }
  }

  test('by polling, while something on the way lets no stream through; by a stream again once it does', async () => {
    const { visitor, page, show, pushAnother } = await watchProject()
    await using _ = visitor
    await page.route(streams, (route) => route.abort())
    const broken = page.waitForEvent('requestfailed', isStream)
    await show()
    await broken
    await pushAnother('second')
    // The browser tries again by itself.
    const opened = page.waitForResponse((response) => isStream(response.request()))
    await page.unroute(streams)
    assert.equal((await opened).status(), 200)
    const asked = countLists(page)
    await pushAnother('third')
    assert.ok(asked() > 0)
    // Chromium notes each stream that it could not open.
    assert.ok(visitor.complaints.every((one) => one.includes('events/stream')))
  })

  test('by polling, while the server refuses the stream', async () => {
    const { visitor, page, show, pushAnother } = await watchProject()
    await using _ = visitor
    await page.route(streams, (route) => route.fulfill({ status: 429, body: '{"errors":[]}' }))
    const refused = page.waitForResponse((response) => isStream(response.request()))
    await show()
    assert.equal((await refused).status(), 429)
    await pushAnother('second')
    assert.ok(visitor.complaints.every((one) => one.includes('429')))
  })

  test('not while nobody sees the page: the stream is closed, and opened when the page is seen again', async () => {
    const { visitor, page, show, pushAnother } = await watchProject()
    await using _ = visitor
    const opened = page.waitForResponse((response) => isStream(response.request()))
    await show()
    assert.equal((await opened).status(), 200)
    // By the page, or a moment before by the server, which ends the session.
    const closed = Promise.race([
      page.waitForEvent('requestfailed', isStream),
      page.waitForEvent('requestfinished', isStream),
    ])
    await setVisible(page, false)
    await closed
    const again = page.waitForResponse((response) => isStream(response.request()))
    await setVisible(page, true)
    assert.equal((await again).status(), 200)
    await pushAnother('second')
    assert.deepEqual(visitor.complaints, [])
  })

  test('one stream serves the pages of a window one after the other, and ends with the session', async () => {
    const { visitor, page, show } = await watchProject()
    await using _ = visitor
    const opened = page.waitForResponse((response) => isStream(response.request()))
    await show()
    await opened
    // The stream is ended by the page, or a moment before by the server, which ends the session.
    const closed = Promise.race([
      page.waitForEvent('requestfailed', isStream),
      page.waitForEvent('requestfinished', isStream),
    ])
    await page.getByRole('button', { name: /^Account:/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await closed
    let reopened = 0
    page.on('request', (request) => (reopened += Number(isStream(request))))
    await page.getByRole('link', { name: 'Look at public projects without an account' }).click()
    await page.getByRole('heading', { name: 'Projects', level: 1 }).waitFor()
    await visitor.settle()
    await eventually(async () => assert.equal(await page.locator('[aria-busy="true"]').count(), 0))
    assert.equal(reopened, 0, 'nothing is told to anonymous callers')
    assert.deepEqual(visitor.complaints, [])
  })
})

/** How many lists of repositories the page has asked for since. */
function countLists(page: Page): () => number {
  let count = 0
  page.on('request', (request) => (count += Number(/\/repositories\?/.test(request.url()))))
  return () => count
}

/** Tells the page's scripts that the window is hidden or seen, as a browser does when another tab is chosen. */
async function setVisible(page: Page, isVisible: boolean): Promise<void> {
  const state = isVisible ? 'visible' : 'hidden'
  await page.evaluate(`{
    Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true })
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
  }`)
}

suite('a collection', () => {
  let marina: TestMarina
  let browser: Browser
  before(async () => {
    // One file in a second: two minutes for what is below. It goes on while it is looked at, and is then stopped.
    const settings = { MARINA_COLLECT_RATE: '1', MARINA_COLLECT_DELAY: '0s', MARINA_UNDELETE_WINDOW: '0s' }
    marina = await openTestMarina(settings)
    browser = await openBrowser()
  })
  after(async () => {
    await browser.close()
    await marina[Symbol.asyncDispose]()
  })

  test('is seen moving: what is done, how much is left and for how long, without a reload', async () => {
    const { admin } = marina
    for (let n = 0; n < 60; n++) await pushImage(marina, 'library/gone', { tag: `v${n}` })
    expectAnswer(await callApi(marina, 'DELETE', '/projects/library/repositories/gone', { as: admin }), 200)
    const body = { schedule: { type: 'Manual' }, parameters: {} }
    expectAnswer(await callApi(marina, 'POST', '/system/gc/schedule', { as: admin, body }), 201)
    await using visitor = await openVisitor(browser, { url: marina.url, as: admin })
    const { page } = visitor
    await visitor.go('/collection')
    const progress = page.locator('.run-progress').first()
    const seen = new Set<number>()
    await eventually(async () => {
      seen.add(Number(await progress.locator('progress').getAttribute('value')))
      const text = await progress.innerText()
      assert.match(text, /\d+ of about \d+.*left/)
      assert.ok([...seen].filter((share) => share > 0 && share < 1).length >= 2, [...seen].join(' '))
    })
    const shares = [...seen]
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => a - b),
      'it never goes back',
    )

    await visitor.go('/jobs?tab=workers')
    const row = page.getByRole('row', { name: /^Collection/ })
    const said = new Set<string>()
    await eventually(async () => {
      said.add(await row.innerText())
      assert.ok(said.size >= 2)
    })
    await row.getByRole('button', { name: 'Collection' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click()
    // The second dialog, which asks, opens a moment later.
    await page.getByRole('dialog').nth(1).getByRole('button', { name: 'Stop' }).click()
    await page.getByText('This job does not run any more.').waitFor()
    await visitor.go('/jobs?tab=runs')
    await page.getByRole('row', { name: /Collection \d+ stopped/ }).waitFor()
    assert.deepEqual(visitor.complaints, [])
  })
})
