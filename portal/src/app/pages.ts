import type { Language } from '../i18n/language.ts'
import type { PageModule } from '../lib/page.ts'
import type { IconName } from '../ui/icons.ts'

export type Section = 'registry' | 'security' | 'run' | 'administer'

export type Page = {
  /** As lib/routes.ts reads it. Of two rows that fit, the first counts. */
  path: string
  load(): Promise<PageModule>
  /** Who may open it: `user` is everybody who is signed in, `quota:list` a right on the system. Without it: anybody. */
  may?: string
  /** Where it stands in the navigation, and what it is called there. */
  nav?: { section: Section; icon: IconName } & Record<Language, string>
  /** It fills the window: no bar and no navigation. */
  isBare?: true
  /** A path that fits the pattern, in the Marina that tests and pictures see (server/testing/portal-scene.ts). */
  example?: string
}

/** Every page of the portal, one line each. Navigation, tests and pictures follow this list. */
export const pages: Page[] = [
  { path: '/login', load: () => import('../pages/login/login.tsx'), isBare: true },
  {
    path: '/projects',
    load: () => import('../pages/projects/projects.tsx'),
    nav: { section: 'registry', icon: 'boxes', en: 'Projects', de: 'Projekte' },
  },
  { path: '/kit', load: () => import('../pages/kit/kit.tsx') },
]

/** Paths that lead on. */
export const redirects: Record<string, string> = { '/': '/projects' }
