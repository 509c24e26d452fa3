/**
 * Makes pictures of every page of the portal, light and dark and in a narrow window, as an administrator sees a Marina
 * with some content. `npm run portal:pictures -- projects` takes the pages whose path contains a word, `-- --readme`
 * the four of README, into docs/pictures/.
 */
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openBrowser, openVisitor } from '../server/testing/browser.ts'
import { openPortalScene, readPages, type PageRow } from '../server/testing/portal-scene.ts'
import { openTestServer } from '../server/testing/postgres-server.ts'

const folder = path.join(tmpdir(), 'marina-portal-pictures')
const looks = [
  { name: 'light', scheme: 'light', width: 1280, height: 800 },
  { name: 'dark', scheme: 'dark', width: 1280, height: 800 },
  { name: 'narrow', scheme: 'light', width: 360, height: 740 },
] as const

/** The pictures of README, by file name. */
const readme = {
  'repository': '/p/team/-/r/apps/web',
  'artifact': '/p/team/-/r/apps/web/-/a/2.0?tab=graph',
  'retention': '/p/team/-/rules?view=preview&show=all',
  'storage': '/storage?project=team&repository=apps/web',
}
const isForReadme = process.argv.includes('--readme')

const words = process.argv.slice(2)
const pages = (await readPages()).filter(
  ({ path: one }) => words.length === 0 || words.some((word) => one.includes(word)),
)
await mkdir(folder, { recursive: true })
await using postgres = await openTestServer()
process.env['MARINA_TEST_POSTGRES'] = postgres.url
await using scene = await openPortalScene()
const browser = await openBrowser()
try {
  if (isForReadme) await takeReadme(path.resolve(import.meta.dirname, '../docs/pictures'))
  else for (const look of looks) await takeAll(look)
} finally {
  await browser.close()
}
console.log(
  isForReadme
    ? 'marina: the pictures of README are in docs/pictures'
    : `marina: pictures of ${pages.length} pages are in ${folder}`,
)

async function takeReadme(to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  await using visitor = await openVisitor(browser, { url: scene.marina.url, as: scene.cast.administrator })
  for (const [name, place] of Object.entries(readme)) {
    await visitor.go(place)
    await visitor.page.screenshot({ path: path.join(to, `${name}.png`) })
  }
}

async function takeAll({ name, ...look }: (typeof looks)[number]): Promise<void> {
  const url = scene.marina.url
  await using visitor = await openVisitor(browser, { url, ...look, as: scene.cast.administrator })
  await using stranger = await openVisitor(browser, { url, ...look })
  for (const row of pages) {
    const { go, page } = row.isBare ? stranger : visitor
    await go(row.example ?? row.path)
    await page.screenshot({ path: path.join(folder, `${fileNameOf(row)}-${name}.png`) })
  }
}

function fileNameOf({ path: one }: PageRow): string {
  return one.replaceAll(/[^\w]+/g, '-').replaceAll(/^-|-$/g, '') || 'home'
}
