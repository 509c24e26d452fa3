import { useEffect, useRef } from 'preact/hooks'
import { language } from '../i18n/language.ts'
import { path } from '../lib/location.ts'
import { systemInfo } from '../lib/session.ts'
import { Icon } from '../ui/icon.tsx'
import { Link } from '../ui/link.tsx'
import { Toasts } from '../ui/toasts.tsx'
import { PageView, mayOpen } from './page-view.tsx'
import { pages, type Section } from './pages.ts'
import { TopBar } from './top-bar.tsx'
import { words } from './words.ts'

/** The bar at the top, the navigation at the left, and the page. */
export function Shell() {
  const main = useRef<HTMLElement>(null)
  const isFirst = useRef(true)
  const isBare = pages.some((page) => page.isBare && page.path === path.value)
  useEffect(() => {
    // Screen readers and the keyboard go on at the new page.
    const hasFocus = main.current?.contains(document.activeElement) === true
    if (!isFirst.current && !hasFocus) main.current?.focus({ preventScroll: true })
    isFirst.current = false
    closeNavigation()
  }, [path.value])
  return (
    <div class={isBare ? 'shell bare' : 'shell'}>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        {words().skip}
      </a>
      {!isBare && <TopBar />}
      {!isBare && <Navigation />}
      <main ref={main} id="main" tabIndex={-1}>
        {!isBare && <Notices />}
        <PageView />
      </main>
      <Toasts />
    </div>
  )
}

function Notices() {
  const { banner_message: banner = '', read_only: isReadOnly } = systemInfo.value ?? {}
  const text = bannerText(banner)
  return (
    <>
      {text !== '' && (
        <div class="note info" role="status">
          <Icon name="info" /> <p>{text}</p>
        </div>
      )}
      {isReadOnly && (
        <div class="note warn" role="status">
          <Icon name="lock" /> <p>{words().readOnly}</p>
        </div>
      )}
    </>
  )
}

/** Harbor's portal stores its banner as JSON with a message and the dates between which it is shown. */
function bannerText(banner: string): string {
  try {
    const { message, fromDate, toDate } = JSON.parse(banner) as Record<string, string | undefined>
    const day = new Date().toISOString().slice(0, 10)
    const isNow = (fromDate ?? day).slice(0, 10) <= day && day <= (toDate ?? day).slice(0, 10)
    return isNow ? (message ?? '') : ''
  } catch {
    return banner
  }
}

const order: Section[] = ['registry', 'security', 'run', 'administer']
const navigationId = 'navigation'

/** In narrow windows the navigation lies over the page, and goes when something was chosen. */
function closeNavigation(): void {
  const element = document.getElementById(navigationId)
  if (element?.matches(':popover-open')) element.hidePopover()
}

/** Pages by section, those that the caller may open. */
function Navigation() {
  const bySection = order.map((section) => ({
    section,
    rows: pages.filter((page) => page.nav?.section === section && mayOpen(page)),
  }))
  return (
    <nav id={navigationId} class="navigation" popover="auto" aria-label={words().navigation}>
      {bySection
        .filter(({ rows }) => rows.length > 0)
        .map(({ section, rows }) => (
          <section key={section}>
            <h2>{words().sections[section]}</h2>
            <ul>
              {rows.map((page) => (
                <li key={page.path}>
                  <Link to={page.path.replace(/\/:.*$/, '')} current={isWithin(path.value, page.path)}>
                    <Icon name={page.nav!.icon} />
                    {page.nav![language.value]}
                  </Link>
                </li>
              ))}
            </ul>
          </section>
        ))}
    </nav>
  )
}

/** A project's pages belong to Projects. */
function isWithin(place: string, pagePath: string): boolean {
  const start = pagePath.replace(/\/:.*$/, '')
  if (start === '/projects' && place.startsWith('/p/')) return true
  return start === '/' || start === '' ? place === '/' : place === start || place.startsWith(`${start}/`)
}
