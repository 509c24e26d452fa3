import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { openBrowser, openVisitor, type Tab } from '../../server/testing/browser.ts'
import {
  givenHostileNames,
  longProject,
  longRepository,
  longRole,
  longTag,
  longWord,
  markup,
  rightToLeft,
  turned,
} from '../../server/testing/portal-hostile.ts'
import { visitAll } from '../../server/testing/portal-pages.ts'
import { openPortalScene, readPages, type PageRow, type PortalScene } from '../../server/testing/portal-scene.ts'

/** In the browser: what a name has become that was taken for markup. */
const intruders = `[...document.querySelectorAll(
  '[onerror], main script, img[src="x"], img[src^="http"], a[href^="javascript:" i]')].map((one) => one.outerHTML)`

suite('names that look like something else', () => {
  let scene: PortalScene
  let browser: Browser
  before(async () => {
    scene = await openPortalScene()
    await givenHostileNames(scene.marina)
    browser = await openBrowser()
  })
  after(async () => {
    await browser.close()
    await scene[Symbol.asyncDispose]()
  })
  const visit = () => openVisitor(browser, { url: scene.marina.url, as: scene.cast.administrator })

  const artifact = '/p/team/-/r/hostile/-/a/v1'
  /** Pages that hold such names, with the texts that must be on them as they are. */
  const places: [path: string, ...texts: string[]][] = [
    ['/projects', longProject],
    [`/p/${longProject}`, longRepository],
    [`/p/${longProject}/-/r/${longRepository}`, longTag],
    [`/p/${longProject}/-/r/${longRepository}/-/a/${longTag}`, longTag],
    ['/p/team/-/r/hostile?tab=about', markup, rightToLeft, longWord],
    [artifact],
    [`${artifact}?tab=graph`],
    [`${artifact}?tab=history`, markup],
    [`${artifact}?tab=documents`, markup],
    ['/p/team/-/members?size=100', markup, rightToLeft, longWord],
    ['/p/team/-/labels?size=100', markup, rightToLeft, turned],
    ['/p/team/-/robots', markup],
    ['/p/team/-/access?view=roles', longRole, longRole.slice(8), markup, longWord],
    ['/p/team/-/rules', markup, rightToLeft, longWord.slice(0, 64)],
    ['/p/team/-/workloads?size=100', markup, rightToLeft, longWord],
    ['/p/team/-/webhooks?size=100', markup, rightToLeft, longWord],
    ['/p/team/-/activity?size=100', markup, rightToLeft],
    ['/activity?size=100', markup],
    ['/users?size=100', markup, rightToLeft, longWord],
    ['/groups?size=100', markup, rightToLeft, longWord],
    ['/labels?size=100', markup, rightToLeft, turned],
    ['/replication?size=100', markup, rightToLeft, longWord],
    ['/roles', longRole, markup, longWord],
    ['/workloads?size=100', markup, rightToLeft, longWord],
    ['/profile', markup, rightToLeft, longWord.slice(0, 64)],
    [`/search?q=${encodeURIComponent(markup)}`, markup],
  ]

  test('are shown as text on the pages that hold them, and are no markup on any page', async () => {
    const check = async ({ page }: Tab, { path }: PageRow) => {
      const wanted = places.find(([one]) => one === path)?.slice(1) ?? []
      const shown = await page.locator('body').innerText()
      const missing = wanted.filter((text) => !shown.includes(text)).map((text) => `lacks ${text.slice(0, 40)}`)
      return [...missing, ...(await findIntruders(page))]
    }
    const rows = [...(await readPages()).filter(({ isBare }) => !isBare), ...places.map(([path]) => ({ path }))]
    const as = scene.cast.administrator
    assert.deepEqual(await visitAll(browser, { url: scene.marina.url, as, height: 2000 }, rows, check), [])
  })

  test('leave a window of 360 pixels as wide as it is', async () => {
    const check = async ({ page }: Tab) => {
      const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
      return width > 360 ? [`is ${width} pixels wide`] : []
    }
    const as = scene.cast.administrator
    const look = { url: scene.marina.url, as, width: 360, height: 740 }
    assert.deepEqual(
      await visitAll(
        browser,
        look,
        places.map(([path]) => ({ path })),
        check,
      ),
      [],
    )
  })

  test('a name that runs from right to left leaves the texts around it as they are', async () => {
    await using visitor = await visit()
    await visitor.go('/p/team/-/members?size=100')
    const row = visitor.page.getByRole('row').filter({ hasText: rightToLeft })
    assert.match(await row.innerText(), new RegExp(`${rightToLeft}[^]*Guest`))
    await row.getByRole('button', { name: `Actions: ${rightToLeft}` }).waitFor()
    assert.deepEqual(visitor.complaints, [])
  })

  test('a name of markup is typed to confirm, asked about and told as text', async () => {
    await using visitor = await visit()
    const { page } = visitor
    await visitor.go('/p/team/-/members?size=100')
    await page.getByRole('button', { name: `Actions: ${markup}` }).click()
    await page.getByRole('menuitem', { name: 'Remove' }).click()
    await page.getByRole('dialog').getByText(`Remove ${markup} from the project?`).waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByText(`${markup} is no longer a member.`).waitFor()
    assert.deepEqual([await findIntruders(page), visitor.complaints], [[], []])
  })
})

/** A script that ran would be an error of the page as well: nothing is called `hacked`. */
const findIntruders = (page: Page): Promise<string[]> => page.evaluate(intruders)
