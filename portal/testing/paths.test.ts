import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { openBrowser, openVisitor } from '../../server/testing/browser.ts'
import { callApi } from '../../server/testing/api.ts'
import { givenProject, pushImage } from '../../server/testing/given.ts'
import { expectAnswer } from '../../server/testing/http.ts'
import { inFrontOf } from '../../server/testing/in-front.ts'
import { openOtherSide } from '../../server/testing/other-side.ts'
import { openTestMarina, type TestMarina } from '../../server/testing/server.ts'

suite('addresses', () => {
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

  test("those of Harbor's portal, as mails and wikis hold them, lead to the same things here", async () => {
    const project = await givenProject(marina)
    const { digest } = await pushImage(marina, `${project.name}/apps/web`, { tag: 'v1' })
    const from = `/harbor/projects/${project.id}`
    const to = `/p/${project.name}`
    await using visitor = await openVisitor(browser, { url: marina.url, as: marina.admin })
    const { page } = visitor
    for (const [harbor, ours] of [
      ['/harbor/projects', '/projects'],
      [from, to],
      [`${from}/repositories`, to],
      [`${from}/repositories/apps/web`, `${to}/-/r/apps/web`],
      [`${from}/repositories/apps%2Fweb/artifacts-tab`, `${to}/-/r/apps/web`],
      [`${from}/repositories/apps/web/artifacts-tab/artifacts/${digest}`, `${to}/-/r/apps/web/-/a/${digest}`],
      [`${from}/members`, `${to}/-/members`],
      [`${from}/robot-account`, `${to}/-/robots`],
      [`${from}/tag-strategy/tag-retention`, `${to}/-/rules`],
      [`${from}/webhook`, `${to}/-/webhooks`],
      [`${from}/logs`, `${to}/-/activity`],
      [`${from}/configs`, `${to}/-/settings`],
      ['/harbor/clearing-job/gc', '/collection'],
      ['/harbor/job-service-dashboard/pending', '/jobs'],
      ['/harbor/configs', '/settings/access'],
      ['/harbor/configs/security', '/settings/cves'],
      ['/harbor/configs/setting', '/settings/access'],
      ['/harbor/registries', '/endpoints'],
      ['/harbor/interrogation-services/scanners', '/scanners'],
      [`${from}/p2p-provider/policies`, to],
      ['/harbor/no-such-page', '/'],
    ] as const) {
      await page.goto(harbor)
      await page.waitForURL((url) => decodeURIComponent(url.pathname) === ours, { waitUntil: 'commit' })
      await visitor.settle()
      assert.equal(await page.locator('main > .state[role=alert]').count(), 0, `${harbor} leads to an error`)
    }
    assert.deepEqual(visitor.complaints, [])
  })

  test('below a path, behind a proxy that takes it away, every link and request stays below it', async () => {
    let target = ''
    await using proxy = await openOtherSide((request, response) => {
      if (!request.url?.startsWith('/registry/')) return void response.writeHead(404).end('not here')
      request.url = request.url.slice('/registry'.length)
      return inFrontOf(target)(request, response)
    })
    await using below = await openTestMarina({ MARINA_EXTERNAL_URL: `${proxy.url}/registry` })
    target = below.url
    expectAnswer(await callApi(below, 'GET', '/projects/library', { as: below.admin }), 200)
    await pushImage(below, 'library/app', { tag: 'v1' })
    await using visitor = await openVisitor(browser, { url: proxy.url })
    const { page } = visitor
    await visitor.go('/registry/p/library')
    await page.getByRole('link', { name: 'Sign in' }).click()
    await page.getByLabel('Name').fill(below.admin.name)
    await page.getByLabel('Password').fill(below.admin.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('link', { name: 'app', exact: true }).click()
    await page.getByRole('link', { name: 'v1', exact: true }).click()
    await page.getByRole('heading', { name: 'app:v1', level: 1 }).waitFor()
    await visitor.settle()
    assert.match(new URL(page.url()).pathname, /^\/registry\/p\/library\/-\/r\/app\/-\/a\/sha256:/)
    const hrefs = `[...document.querySelectorAll('a[href^="/"]')].map((one) => one.getAttribute('href'))`
    const links = (await page.evaluate(hrefs)) as string[]
    assert.ok(links.length > 5)
    assert.deepEqual(
      links.filter((one) => !one.startsWith('/registry/')),
      [],
    )
    await page.reload()
    await page.getByRole('heading', { name: 'app:v1', level: 1 }).waitFor()
    assert.deepEqual(visitor.complaints, [])
  })
})
