import type { ComponentType } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiError } from '../lib/api.ts'
import { navigate, path } from '../lib/location.ts'
import type { PageModule, PageProps } from '../lib/page.ts'
import { matchPath, type Params } from '../lib/routes.ts'
import { canInSystem, user } from '../lib/session.ts'
import { PageHeader } from '../ui/header.tsx'
import { Link } from '../ui/link.tsx'
import { ErrorState } from '../ui/problem.tsx'
import { ErrorBoundary, Fault } from './boundary.tsx'
import { pages, type Page } from './pages.ts'
import { redirects } from './redirects.ts'
import { words } from './words.ts'

/** The row of the present path, and what the path names. */
function findPage(place: string): { page: Page; params: Params } | undefined {
  for (const page of pages) {
    const params = matchPath(page.path, place)
    if (params) return { page, params }
  }
  return undefined
}

/** Whether the caller may open a page. */
export function mayOpen({ may }: Pick<Page, 'may'>): boolean {
  if (may === undefined) return true
  const [resource = '', action = ''] = may.split(':')
  return may === 'user' ? user.value !== undefined : canInSystem(resource, action)
}

/** The page of the present path. A chunk that loads leaves the page before in place for a moment. */
export function PageView() {
  const place = path.value
  const found = findPage(place)
  const target = redirects[place]
  useEffect(() => {
    if (target !== undefined) navigate(target, { replace: true })
    else if (!found && place.startsWith('/harbor')) void followHarbor(place)
  }, [place])
  if (target !== undefined) return null
  if (!found) return place.startsWith('/harbor/') ? null : <NotFound />
  if (!mayOpen(found.page)) return <ErrorState isPage error={new ApiError(user.value ? 403 : 401, undefined, '')} />
  return (
    <ErrorBoundary key={place}>
      <Loaded page={found.page} params={found.params} />
    </ErrorBoundary>
  )
}

const loaded = new Map<Page, PageModule>()

function Loaded({ page, params }: { page: Page; params: Params }) {
  const [module, setModule] = useState<PageModule | undefined>(loaded.get(page))
  const [error, setError] = useState<unknown>(undefined)
  const isHere = useRef(true)
  useEffect(() => {
    isHere.current = true
    if (!module) {
      page.load().then(
        (one) => {
          loaded.set(page, one)
          if (isHere.current) setModule(one)
        },
        (failure: unknown) => isHere.current && setError(failure),
      )
    }
    return () => {
      isHere.current = false
    }
  }, [])
  if (error !== undefined) return <Fault error={error} />
  if (!module) return <div class="page-loading" aria-busy="true" />
  const View: ComponentType<PageProps<string>> = module.default
  return <View params={params} />
}

function NotFound() {
  return (
    <>
      <PageHeader title={words().notFound} about={words().notFoundHint} />
      <Link class="button main" to="/">
        {words().toStart}
      </Link>
    </>
  )
}

/** Leads an address of Harbor's portal to ours. */
async function followHarbor(place: string): Promise<void> {
  const { harborTarget } = await import('./harbor.ts')
  navigate(await harborTarget(place), { replace: true })
}
