import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { buildPortal, readManifest, type Manifest } from '../build.ts'
import { openBrowser, openVisitor } from '../../server/testing/browser.ts'
import { openPortalScene, readPages, type PageRow, type PortalScene } from '../../server/testing/portal-scene.ts'

suite('every page', () => {
  let scene: PortalScene
  let browser: Browser
  let pages: PageRow[]
  before(async () => {
    scene = await openPortalScene()
    browser = await openBrowser()
    pages = await readPages()
  })
  after(async () => {
    await browser.close()
    await scene[Symbol.asyncDispose]()
  })

  for (const scheme of ['light', 'dark'] as const) {
    test(`has no barrier, error or foreign request in a ${scheme} theme`, async () => {
      for (const row of pages) {
        const as = row.isBare ? undefined : scene.cast.administrator
        await using visitor = await openVisitor(browser, { url: scene.marina.url, as, scheme })
        await visitor.go(row.example ?? row.path)
        assert.deepEqual(await visitor.findBarriers(), [], row.path)
        assert.deepEqual(visitor.complaints, [], row.path)
      }
    })
  }

  test('fits a window of 360 pixels: nothing but tables and code scrolls sideways', async () => {
    for (const row of pages) {
      const as = row.isBare ? undefined : scene.cast.administrator
      await using visitor = await openVisitor(browser, { url: scene.marina.url, as, width: 360, height: 740 })
      await visitor.go(row.example ?? row.path)
      const width = await visitor.page.evaluate('document.documentElement.scrollWidth')
      assert.ok(Number(width) <= 360, `${row.path} is ${String(width)} pixels wide`)
    }
  })

  test('has every word in German, too', async () => {
    for (const row of pages.filter(({ path }) => path !== '/kit')) {
      const as = row.isBare ? undefined : scene.cast.administrator
      await using visitor = await openVisitor(browser, { url: scene.marina.url, as, language: 'de' })
      await visitor.go(row.example ?? row.path)
      assert.equal(await visitor.page.locator('html').getAttribute('lang'), 'de')
      assert.deepEqual(visitor.complaints, [], row.path)
    }
  })
})

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
