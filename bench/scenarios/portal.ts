import { chromium, type Browser } from 'playwright-core'
import { Client } from 'pg'
import { adminPassword, databaseUrlOf, startMarina } from '../registries.ts'
import type { Row, Scenario } from '../scenario.ts'
import { seed } from '../seed.ts'

const repositories = 10_000
const artifacts = 100_000

/** Debian's Chromium: tools/debian-packages.txt. */
const executablePath = '/usr/bin/chromium'

const pages = {
  'a project with 10,000 repositories': '/p/library',
  'a repository with 100,000 artifacts, by tags': '/p/library/-/r/large',
  'a repository with 100,000 artifacts, by artifacts': '/p/library/-/r/large?tab=artifacts',
}
type Page = keyof typeof pages
type Seen = { ms: number; mainThreadMs: number }

export const portal: Scenario = {
  name: 'portal',
  says: 'first view of a project with 10,000 repositories and of a repository with 100,000 artifacts in Chromium',
  async run({ scratch, rounds, say }): Promise<Row[]> {
    const marina = await startMarina(scratch)
    const url = databaseUrlOf(scratch)
    say('seeding')
    await seedRepositories(url)
    await seed(url, { repository: 'library/large', artifacts, referrers: 0 })
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
    const seen = new Map(Object.keys(pages).map((name) => [name as Page, [] as Seen[]]))
    try {
      const look = (name: Page) => lookAt(browser, `http://127.0.0.1:${marina.port}`, pages[name])
      // One unmeasured look at each: a new process still compiles its code and plans its statements.
      for (const name of seen.keys()) await look(name)
      for (let round = 1; round <= rounds; round++) {
        for (const [name, all] of seen) {
          const one = await look(name)
          all.push(one)
          say(`${name}, round ${round} of ${rounds}: ${one.ms.toFixed(0)} ms, ${one.mainThreadMs.toFixed(0)} ms of CPU`)
        }
      }
    } finally {
      await browser.close()
    }
    return [...seen].flatMap(([name, all]): Row[] => [
      {
        what: `${name}: rows are there`,
        unit: 'ms',
        ours: all.map(({ ms }) => ms),
        lessIsBetter: true,
        target: { most: 1000 },
      },
      {
        what: `${name}: CPU of the main thread`,
        unit: 'ms',
        ours: all.map(({ mainThreadMs }) => mainThreadMs),
        lessIsBetter: true,
        target: { most: 250 },
      },
    ])
  },
}

/**
 * Opens a page as a browser that has never been here, signed in. `ms`: from the request for the document until the
 * first rows of the table are in the page, with what they do; `mainThreadMs`: the processor time of its main thread.
 */
async function lookAt(browser: Browser, url: string, path: string): Promise<Seen> {
  const context = await browser.newContext({ baseURL: url })
  try {
    const form = { principal: 'admin', password: adminPassword }
    const answer = await context.request.post('/c/login', { form })
    if (answer.status() !== 200) throw new Error(`signing in was answered with ${answer.status()}`)
    const page = await context.newPage()
    const tools = await context.newCDPSession(page)
    await tools.send('Performance.enable', { timeDomain: 'threadTicks' })
    await page.addInitScript(noteFirstRow)
    await page.goto(path)
    await page.locator('tr[data-row]').first().waitFor()
    const ms = await page.evaluate('window.firstRowAt')
    const { metrics } = await tools.send('Performance.getMetrics')
    const cpu = metrics.find(({ name }) => name === 'TaskDuration')
    return { ms: Number(ms), mainThreadMs: (cpu?.value ?? 0) * 1000 }
  } finally {
    await context.close()
  }
}

/** Notes when the first row of a table is in the page, in ms since the document was asked for. */
const noteFirstRow = `new MutationObserver((_, observer) => {
  if (!document.querySelector('tr[data-row]')) return
  observer.disconnect()
  window.firstRowAt = performance.now()
}).observe(document, { childList: true, subtree: true })`

/** 10,000 repositories with an artifact and a tag each, as pushes leave them; only blobs and manifests are missing. */
async function seedRepositories(url: string): Promise<void> {
  const client = new Client(url)
  await client.connect()
  try {
    await client.query(`
      insert into repository (project_id, name, updated_at)
      select id, 'library/app-' || n, timestamptz '2026-01-01' + n * interval '1 minute'
      from project, generate_series(1, ${repositories}) n where name = 'library'`)
    await client.query(`
      insert into artifact (repository_id, digest, media_type, kind, type, size, extra_attrs, annotations)
      select id, 'sha256:' || encode(sha256(convert_to(name, 'UTF8')), 'hex'),
        'application/vnd.oci.image.manifest.v1+json', 'image', 'IMAGE', 1000, '{}', '{}'
      from repository where name like 'library/app-%'`)
    await client.query(`
      insert into tag (repository_id, artifact_id, name) select repository_id, id, 'latest' from artifact`)
    await client.query('analyze')
  } finally {
    await client.end()
  }
}
