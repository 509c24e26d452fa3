import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout } from 'node:timers/promises'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { ensurePortal } from './portal-build.ts'
import type { Person } from './http.ts'

/** Debian's Chromium: tools/debian-packages.txt. */
const executablePath = '/usr/bin/chromium'
/** No request of the browser's own leaves the machine. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/** A hang ends the test; a busy machine is not a hang. */
const patienceMs = 60_000

/** Chromium without a window, and the portal built. Close it after the file's tests. */
export async function openBrowser(): Promise<Browser> {
  await ensurePortal()
  return chromium.launch({ executablePath, args: flags, timeout: patienceMs * 2 })
}

type VisitorOptions = {
  url: string
  /** Who is signed in; without it, nobody. */
  as?: Person | undefined
  scheme?: 'light' | 'dark'
  language?: string
  width?: number
  height?: number
}

/** One tab of a visitor's browser. */
export type Tab = {
  page: Page
  /** Errors of the console and of scripts, and requests that leave the own origin: none is allowed. */
  complaints: string[]
  /** Opens a path of the portal, and waits until the page and what it asks for are there. */
  go(path: string): Promise<void>
  /** Waits until nothing is being loaded. */
  settle(): Promise<void>
  /** What axe finds against WCAG 2.2 A and AA, one line each. */
  findBarriers(): Promise<string[]>
  /** The same in light and in dark colours; the light ones stay. */
  findBarriersInBoth(): Promise<string[]>
}

export type Visitor = AsyncDisposable &
  Tab & {
    context: BrowserContext
    /** Another tab of the same session. */
    openTab(): Promise<Tab>
  }

/** Somebody with a browser of their own: cookies, language and theme are not shared with other visitors. */
export async function openVisitor(browser: Browser, options: VisitorOptions): Promise<Visitor> {
  const { url, as, scheme = 'light', language = 'en', width = 1280, height = 800 } = options
  const context = await browser.newContext({
    baseURL: url,
    locale: language,
    colorScheme: scheme,
    viewport: { width, height },
    // Nothing moves, so that a test sees a page as it stays.
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
  })
  context.setDefaultTimeout(patienceMs)
  if (as) {
    const form = { principal: as.name, password: as.password }
    const answer = await context.request.post('/c/login', { form })
    if (answer.status() !== 200) throw new Error(`${as.name} cannot sign in: ${answer.status()}`)
  }
  const openTab = async () => tabOf(await context.newPage(), url)
  return { context, openTab, ...(await openTab()), [Symbol.asyncDispose]: () => context.close() }
}

function tabOf(page: Page, url: string): Tab {
  const settle = async () => {
    await page.locator('h1, .state').first().waitFor()
    const unfinished = page.locator('[aria-busy="true"]:not(button), .skeleton, .page-loading')
    await unfinished.first().waitFor({ state: 'detached' })
  }
  return {
    page,
    complaints: collectComplaints(page, url),
    settle,
    async go(path) {
      await page.goto(path)
      await settle()
    },
    findBarriers: () => findBarriers(page),
    findBarriersInBoth: () => findBarriersInBoth(page),
  }
}

function collectComplaints(page: Page, url: string): string[] {
  const complaints: string[] = []
  const own = new URL(url).origin
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()} ${message.location().url}`)
  })
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`))
  page.on('request', (request) => {
    const target = new URL(request.url())
    if (target.protocol !== 'data:' && target.origin !== own) complaints.push(`foreign request: ${request.url()}`)
  })
  return complaints
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

type Violation = { id: string; help: string; nodes: { target: string[]; failureSummary: string }[] }

/** Rows of a former answer are dimmed while the next one is on its way: true once nothing is, or fades any more. */
const isCalm = `!document.querySelector('[data-stale]') &&
  !document.getAnimations().some((one) => one instanceof CSSTransition && one.playState === 'running')`

async function findBarriers(page: Page): Promise<string[]> {
  // What stays dimmed all the same is for axe to say.
  // One expression at a time: a page that waits for one by itself evaluates text, which our policy forbids.
  for (let left = 100; left > 0 && !(await page.evaluate(isCalm)); left--) await setTimeout(50)
  await page.evaluate(axeSource)
  const options = { runOnly: { type: 'tag', values: rules }, resultTypes: ['violations'] }
  const result = await page.evaluate(`axe.run(document, ${JSON.stringify(options)})`)
  return (result as { violations: Violation[] }).violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(' ')}: ${failureSummary}`),
  )
}

async function findBarriersInBoth(page: Page): Promise<string[]> {
  const light = await findBarriers(page)
  await page.emulateMedia({ colorScheme: 'dark' })
  // On a busy machine some elements still have the colours of before for a frame.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
  const dark = await findBarriers(page)
  await page.emulateMedia({ colorScheme: 'light' })
  return [...light, ...dark]
}
