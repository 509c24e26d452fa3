import type { Answer, Ask } from './http.ts'

/**
 * A browser without a window: keeps cookies by origin, follows redirects between servers, fills in forms. Enough for
 * sign-ins, which are redirects and forms.
 */
export type CookieBrowser = {
  /** The URL of the page that is shown. */
  url: string
  /** The answer that is shown. */
  page: { status: number; headers: Headers; text: string }
  /** Opens a URL and follows redirects, `until` a URL that it must not open. */
  open(url: string, until?: (url: string) => boolean): Promise<void>
  /** Sends the form of the page with these values in place of its own. */
  submit(values: Record<string, string>, until?: (url: string) => boolean): Promise<void>
  cookies(url: string): string
  setCookie(url: string, cookie: string): void
}

const accepts = 'text/html,application/xhtml+xml'

export function openCookieBrowser(): CookieBrowser {
  const jars = new Map<string, Map<string, { value: string; path: string }>>()
  const cookies = (url: string) => {
    const { host, pathname } = new URL(url)
    return [...(jars.get(host) ?? [])]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ')
  }
  const setCookie = (url: string, cookie: string) => {
    const { host } = new URL(url)
    const [pair = '', ...attributes] = cookie.split(';').map((one) => one.trim())
    const name = pair.slice(0, pair.indexOf('='))
    const value = pair.slice(pair.indexOf('=') + 1)
    const find = (key: string) =>
      attributes.find((one) => one.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1)
    const jar = jars.get(host) ?? new Map<string, { value: string; path: string }>()
    jars.set(host, jar)
    const isOver = find('max-age') === '0' || Date.parse(find('expires') ?? '') < Date.now()
    if (isOver) jar.delete(name)
    else jar.set(name, { value, path: find('path') ?? '/' })
  }
  const browser: CookieBrowser = {
    url: '',
    page: { status: 0, headers: new Headers(), text: '' },
    cookies,
    setCookie,
    open: (url, until) => follow(browser, url, { method: 'GET' }, until),
    async submit(values, until) {
      const { text } = browser.page
      const [form] = /<form[\s\S]*?<\/form>/.exec(text) ?? []
      if (!form) throw new Error(`no form at ${browser.url}: ${browser.page.status} ${text.slice(0, 500)}`)
      const action = unescaped(/action="([^"]*)"/.exec(form)?.[1] ?? browser.url)
      const hidden = [...form.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]) => [
        /name="([^"]*)"/.exec(input)?.[1] ?? '',
        unescaped(/value="([^"]*)"/.exec(input)?.[1] ?? ''),
      ])
      const body = new URLSearchParams({ ...(Object.fromEntries(hidden) as Record<string, string>), ...values })
      await follow(browser, new URL(action, browser.url).href, { method: 'POST', body }, until)
    },
  }
  return browser
}

const unescaped = (text: string) => text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'")

async function follow(
  browser: CookieBrowser,
  first: string,
  { method, body }: { method: string; body?: URLSearchParams },
  until: (url: string) => boolean = () => false,
): Promise<void> {
  let [url, left] = [first, 20]
  let sent: RequestInit = { method, ...(body ? { body } : {}) }
  for (;;) {
    browser.url = url
    if (until(url)) return
    if (left-- === 0) throw new Error(`too many redirects, now at ${url}`)
    const headers = { accept: accepts, cookie: browser.cookies(url) }
    const answer = await fetch(url, { ...sent, headers, redirect: 'manual' })
    for (const one of answer.headers.getSetCookie()) browser.setCookie(url, one)
    const text = await answer.text()
    browser.page = { status: answer.status, headers: answer.headers, text }
    const next = answer.headers.get('location')
    if (answer.status < 300 || answer.status >= 400 || next === null) return
    url = new URL(next, url).href
    sent = { method: 'GET' }
  }
}

/** Asks as the browser would from a page of this site, with its cookies. */
export async function askAs(
  browser: CookieBrowser,
  base: string,
  ask: Ask,
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
  const answer = await ask(method, path, {
    headers: { cookie: browser.cookies(`${base}${path}`), ...json, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  for (const one of answer.headers['set-cookie'] ?? []) browser.setCookie(`${base}${path}`, one)
  return answer
}
