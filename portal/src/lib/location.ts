import { computed, signal } from '@preact/signals'

/** Where the portal's addresses begin, with a slash at both ends: `/`, or the path of MARINA_EXTERNAL_URL. */
export const base = new URL('.', document.baseURI).pathname

const here = signal(new URL(location.href))

/** The present path, from `/` on and without the base. */
export const path = computed(() => `/${here.value.pathname.slice(base.length)}`)
/** The present query. */
export const query = computed(() => here.value.searchParams)
/** The present address without the base, to come back to. */
export const place = computed(() => `${path.value}${here.value.search}`)

/** The address of a place inside the portal, for `href`. */
export const hrefOf = (to: string): string => (to.startsWith('/') ? `${base}${to.slice(1)}` : to)

/** Goes to a place inside the portal. `replace`: the way back does not lead to the present place. */
export function navigate(to: string, { replace = false } = {}): void {
  const target = new URL(hrefOf(to), location.origin)
  if (target.origin !== location.origin) return
  const isOtherPage = target.pathname !== location.pathname
  history[replace ? 'replaceState' : 'pushState'](null, '', target)
  here.value = target
  if (isOtherPage) scrollTo(0, 0)
}

/** Changes some values of the query; undefined and '' take them away. */
export function changeQuery(changes: Record<string, string | undefined>, { replace = true } = {}): void {
  navigate(withQuery(changes), { replace })
}

/** The query with some values changed, as a link to it. */
export function withQuery(changes: Record<string, string | undefined>): string {
  const next = new URLSearchParams(query.value)
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') next.delete(name)
    else next.set(name, value)
  }
  const text = next.toString()
  return `${path.value}${text === '' ? '' : `?${text}`}`
}

/** Lets plain links change the page without a load; returns what ends that. */
export function followLinks(): () => void {
  const onClick = (event: MouseEvent) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (!link?.href || !isPlain(event) || !isOurs(link)) return
    event.preventDefault()
    navigate(`/${link.pathname.slice(base.length)}${link.search}${link.hash}`)
  }
  const onBack = () => (here.value = new URL(location.href))
  document.addEventListener('click', onClick)
  addEventListener('popstate', onBack)
  return () => {
    document.removeEventListener('click', onClick)
    removeEventListener('popstate', onBack)
  }
}

const isPlain = (event: MouseEvent) =>
  !event.defaultPrevented && event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)

/** Links to documents that Marina itself writes are left to the browser. */
const written = /^\/(?:api|v2|c|service|devcenter[^/]*|assets)(?:\/|$)/

function isOurs(link: HTMLAnchorElement): boolean {
  if (link.origin !== location.origin || link.target || link.hasAttribute('download')) return false
  return link.pathname.startsWith(base) && !written.test(`/${link.pathname.slice(base.length)}`)
}

/** The address of Marina's icon, which index.html names: its name holds a hash. */
export const iconHref = (): string => `${base}${document.querySelector('link[rel=icon]')?.getAttribute('href') ?? ''}`
