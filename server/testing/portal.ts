import { after } from 'node:test'
import { openRest, type Rest } from './rest.ts'
import { openBrowser, openVisitor, type Visitor } from './browser.ts'
import { expectAnswer } from './http.ts'
import { openPortalScene, type PortalScene } from './portal-scene.ts'

type Look = Partial<Parameters<typeof openVisitor>[1]>
type Portal = {
  scene: PortalScene
  browser: Awaited<ReturnType<typeof openBrowser>>
  rest: Rest
  /** Somebody with a browser of their own, nobody by default. */
  visit(look?: Look): Promise<Visitor>
  /** Reads from the API as the system administrator; the answer has to be 200. */
  ask<Answer>(path: string): Promise<Answer>
}

/** What most tests of the portal need, closed after the file's tests: a Marina with content, and Chromium. */
export async function openPortal(): Promise<Portal> {
  const opened = new AsyncDisposableStack()
  after(() => opened.disposeAsync())
  const scene = opened.use(await openPortalScene())
  const browser = opened.adopt(await openBrowser(), (one) => one.close())
  const rest = openRest(scene.marina)
  return {
    scene,
    browser,
    rest,
    visit: (look = {}) => openVisitor(browser, { url: scene.marina.url, ...look }),
    ask: async <Answer>(path: string) =>
      expectAnswer(await rest('GET', path, scene.marina.admin), 200).json() as Answer,
  }
}
