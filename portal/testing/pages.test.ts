import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { buildPortal, readManifest, type Manifest } from '../build.ts'
import type { Tab } from '../../server/testing/browser.ts'
import { askRights, shouldOpen, visitAll } from '../../server/testing/portal-pages.ts'
import { readPages, type PageRow } from '../../server/testing/portal-scene.ts'
import { openPortal } from '../../server/testing/portal.ts'

const { scene, browser } = await openPortal()
const pages = await readPages()

suite('every page', () => {
  test('has no barrier in light and dark, no error, no foreign request', async () => {
    const check = async ({ page, findBarriers }: Tab) => {
      const light = await findBarriers()
      await page.emulateMedia({ colorScheme: 'dark' })
      // On a busy machine some elements still have the colours of before for a frame.
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
      const dark = await findBarriers()
      await page.emulateMedia({ colorScheme: 'light' })
      return [...light, ...dark.map((one) => `dark: ${one}`)]
    }
    assert.deepEqual(await visitBoth({}, check), [])
  })

  test('speaks German, and in a window of 360 pixels nothing but tables and code scrolls sideways', async () => {
    const check = async ({ page }: Tab) => {
      const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
      const wide = width > 360 ? [`is ${width} pixels wide by ${String(await page.evaluate(findWidest))}`] : []
      const language = await page.locator('html').getAttribute('lang')
      return [...wide, ...(language === 'de' ? [] : [`is in ${language}`])]
    }
    assert.deepEqual(await visitBoth({ language: 'de', width: 360, height: 740 }, check), [])
  })

  for (const role of ['anonymous', 'guest', 'developer', 'maintainer', 'projectAdmin'] as const) {
    test(`opens, or says why not, as the rights of ${role} are`, async () => {
      const held = await askRights(scene, scene.cast[role])
      const rows = pages.filter(({ path }) => path !== '/kit')
      const check = async ({ page, complaints }: Tab, row: PageRow) => {
        const isRefused = (await page.locator('main > .state[role=alert] > h1').count()) > 0
        // A project that the caller may not see is asked for, and Chromium notes the refusal.
        if (isRefused) complaints.splice(0)
        return isRefused === shouldOpen(row, held) ? [isRefused ? 'is refused' : 'is open'] : []
      }
      const as = scene.cast[role]
      assert.deepEqual(await visitAll(browser, { url: scene.marina.url, as }, rows, check), [])
    })
  }

  /** As an administrator; pages for those who are not signed in, as nobody. */
  async function visitBoth(look: object, check: (tab: Tab, row: PageRow) => Promise<string[]>): Promise<string[]> {
    const as = scene.cast.administrator
    const { url } = scene.marina
    const [bare, others] = [pages.filter(({ isBare }) => isBare), pages.filter(({ isBare }) => !isBare)]
    return [
      ...(await visitAll(browser, { url, ...look }, bare, check)),
      ...(await visitAll(browser, { url, ...look, as }, others, check)),
    ]
  }
})

/** In the browser: the innermost element that reaches farthest to the right. */
const findWidest = `[...document.querySelectorAll('main *')].filter((one) => !one.closest('.table-frame, pre'))
  .map((one) => ({ one, right: one.getBoundingClientRect().right })).sort((a, b) => a.right - b.right).at(-1)
  .one.outerHTML.slice(0, 200)`

suite('what a browser loads', () => {
  let manifest: Manifest
  before(async () => {
    manifest = await readManifest((await buildPortal()).folder)
  })
  const kibibytes = (names: string[]) => names.reduce((sum, name) => sum + manifest.files[name]!.gzipBytes, 0) / 1024

  test('the first load has at most 60 KiB of compressed script and 12 KiB of style', () => {
    assert.ok(manifest.first.length > 0)
    assert.ok(kibibytes(manifest.first) <= 60, `${kibibytes(manifest.first)} KiB of script`)
    const styles = Object.keys(manifest.files).filter((name) => name.endsWith('.css'))
    assert.equal(styles.length, 1)
    assert.ok(kibibytes(styles) <= 12, `${kibibytes(styles)} KiB of style`)
  })

  test('each page adds at most 25 KiB of compressed script', () => {
    assert.ok(Object.keys(manifest.pages).length > 0)
    for (const [page, names] of Object.entries(manifest.pages))
      assert.ok(kibibytes(names) <= 25, `${page} adds ${kibibytes(names)} KiB`)
  })
})
