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
  { path: '/oidc-onboard', load: () => import('../pages/login/onboard.tsx'), isBare: true },
  { path: '/sign-up', load: () => import('../pages/login/sign-up.tsx'), isBare: true },
  {
    path: '/',
    load: () => import('../pages/home/home.tsx'),
    nav: { section: 'registry', icon: 'home', en: 'Home', de: 'Start' },
  },
  {
    path: '/projects',
    load: () => import('../pages/projects/projects.tsx'),
    nav: { section: 'registry', icon: 'boxes', en: 'Projects', de: 'Projekte' },
  },
  {
    path: '/search',
    load: () => import('../pages/search/search.tsx'),
    nav: { section: 'registry', icon: 'search', en: 'Search', de: 'Suche' },
    example: '/search?q=web',
  },
  {
    path: '/activity',
    load: () => import('../pages/activity/activity.tsx'),
    may: 'user',
    nav: { section: 'registry', icon: 'activity', en: 'Activity', de: 'Aktivität' },
  },
  { path: '/p/:project', load: () => import('../pages/repositories/repositories.tsx'), example: '/p/team' },
  {
    path: '/p/:project/-/r/:repository*',
    load: () => import('../pages/repository/repository.tsx'),
    example: '/p/team/-/r/apps/web',
  },
  {
    path: '/p/:project/-/r/:repository*/-/a/:digest',
    load: () => import('../pages/artifact/artifact.tsx'),
    example: '/p/team/-/r/apps/web/-/a/2.0',
  },
  {
    path: '/p/:project/-/r/:repository*/-/compare',
    load: () => import('../pages/compare/compare.tsx'),
    example: '/p/team/-/r/apps/web/-/compare?a=1.0&b=1.1',
  },
  {
    path: '/p/:project/-/cache',
    load: () => import('../pages/project-cache/project-cache.tsx'),
    example: '/p/hub/-/cache',
  },
  { path: '/p/:project/-/members', load: () => import('../pages/members/members.tsx'), example: '/p/team/-/members' },
  {
    path: '/p/:project/-/access',
    load: () => import('../pages/roles/project-access.tsx'),
    example: '/p/team/-/access',
  },
  {
    path: '/p/:project/-/robots',
    load: () => import('../pages/robots/project-robots.tsx'),
    example: '/p/team/-/robots',
  },
  {
    path: '/p/:project/-/workloads',
    load: () => import('../pages/workloads/project-workloads.tsx'),
    example: '/p/team/-/workloads',
  },
  {
    path: '/p/:project/-/labels',
    load: () => import('../pages/labels/project-labels.tsx'),
    example: '/p/team/-/labels',
  },
  { path: '/p/:project/-/rules', load: () => import('../pages/rules/rules.tsx'), example: '/p/team/-/rules' },
  {
    path: '/p/:project/-/webhooks',
    load: () => import('../pages/webhooks/project-webhooks.tsx'),
    example: '/p/team/-/webhooks',
  },
  {
    path: '/p/:project/-/webhooks/:id',
    load: () => import('../pages/webhooks/project-webhook.tsx'),
    example: '/p/team/-/webhooks/1',
  },
  {
    path: '/p/:project/-/preheat',
    load: () => import('../pages/preheat/policies.tsx'),
    example: '/p/team/-/preheat',
  },
  {
    path: '/p/:project/-/preheat/:policy',
    load: () => import('../pages/preheat/policy-page.tsx'),
    example: '/p/team/-/preheat/warm',
  },
  {
    path: '/p/:project/-/usage',
    load: () => import('../pages/storage/project-usage.tsx'),
    example: '/p/team/-/usage',
  },
  { path: '/p/:project/-/trash', load: () => import('../pages/trash/trash.tsx'), example: '/p/team/-/trash' },
  {
    path: '/p/:project/-/activity',
    load: () => import('../pages/activity/project-activity.tsx'),
    example: '/p/team/-/activity',
  },
  {
    path: '/p/:project/-/settings',
    load: () => import('../pages/project-settings/project-settings.tsx'),
    example: '/p/team/-/settings',
  },
  {
    path: '/security',
    load: () => import('../pages/security/security.tsx'),
    may: 'security-hub:read',
    nav: { section: 'security', icon: 'alert', en: 'Findings', de: 'Funde' },
  },
  {
    path: '/packages',
    load: () => import('../pages/packages/packages.tsx'),
    may: 'user',
    nav: { section: 'security', icon: 'box', en: 'Packages', de: 'Pakete' },
    example: '/packages?package=openssl',
  },
  {
    path: '/scanners',
    load: () => import('../pages/scanners/scanners.tsx'),
    may: 'scanner:list',
    nav: { section: 'security', icon: 'shield', en: 'Scanners', de: 'Scanner' },
  },
  {
    path: '/trust-roots',
    load: () => import('../pages/trust-roots/trust-roots.tsx'),
    may: 'configuration:read',
    nav: { section: 'security', icon: 'key', en: 'Trusted roots', de: 'Vertrauenswurzeln' },
  },
  {
    path: '/jobs',
    load: () => import('../pages/jobs/jobs.tsx'),
    may: 'jobservice-monitor:list',
    nav: { section: 'run', icon: 'jobs', en: 'Jobs', de: 'Jobs' },
  },
  {
    path: '/collection',
    load: () => import('../pages/collection/collection.tsx'),
    may: 'garbage-collection:list',
    nav: { section: 'run', icon: 'collection', en: 'Collection', de: 'Bereinigung' },
  },
  {
    path: '/storage',
    load: () => import('../pages/storage/storage.tsx'),
    may: 'system-volumes:read',
    nav: { section: 'run', icon: 'database', en: 'Storage', de: 'Speicher' },
  },
  { path: '/storage/unused', load: () => import('../pages/storage/unused.tsx'), may: 'user' },
  { path: '/storage/running', load: () => import('../pages/storage/running.tsx'), may: 'user' },
  {
    path: '/replication',
    load: () => import('../pages/replication/replication.tsx'),
    may: 'replication-policy:list',
    nav: { section: 'run', icon: 'replication', en: 'Replication', de: 'Replikation' },
  },
  {
    path: '/replication/:id',
    load: () => import('../pages/replication/policy-page.tsx'),
    may: 'replication-policy:list',
    example: '/replication/1',
  },
  {
    path: '/endpoints',
    load: () => import('../pages/endpoints/endpoints.tsx'),
    may: 'registry:list',
    nav: { section: 'run', icon: 'globe', en: 'Endpoints', de: 'Endpunkte' },
  },
  {
    path: '/proxy-caches',
    load: () => import('../pages/proxy-caches/proxy-caches.tsx'),
    may: 'registry:list',
    nav: { section: 'run', icon: 'download', en: 'Proxy caches', de: 'Proxy-Caches' },
  },
  {
    path: '/distributions',
    load: () => import('../pages/preheat/distributions.tsx'),
    may: 'preheat-instance:list',
    nav: { section: 'run', icon: 'server', en: 'Distributions', de: 'Verteildienste' },
  },
  {
    path: '/webhooks',
    load: () => import('../pages/webhooks/webhooks.tsx'),
    may: 'configuration:read',
    nav: { section: 'run', icon: 'webhook', en: 'Webhooks', de: 'Webhooks' },
  },
  {
    path: '/webhooks/:id',
    load: () => import('../pages/webhooks/webhook.tsx'),
    may: 'configuration:read',
    example: '/webhooks/3',
  },
  {
    path: '/caches',
    load: () => import('../pages/caches/caches.tsx'),
    may: 'configuration:read',
    nav: { section: 'run', icon: 'layers', en: 'Caches', de: 'Caches' },
  },
  {
    path: '/reports',
    load: () => import('../pages/reports/reports.tsx'),
    may: 'user',
    nav: { section: 'run', icon: 'file', en: 'Reports', de: 'Berichte' },
  },
  {
    path: '/users',
    load: () => import('../pages/users/users.tsx'),
    may: 'user:list',
    nav: { section: 'administer', icon: 'user', en: 'Users', de: 'Benutzer' },
  },
  {
    path: '/groups',
    load: () => import('../pages/groups/groups.tsx'),
    may: 'user-group:list',
    nav: { section: 'administer', icon: 'users', en: 'Groups', de: 'Gruppen' },
  },
  {
    path: '/masking',
    load: () => import('../pages/masking/masking.tsx'),
    may: 'purge-audit:list',
    nav: { section: 'administer', icon: 'lock', en: 'Masked names', de: 'Maskierte Namen' },
  },
  {
    path: '/roles',
    load: () => import('../pages/roles/roles.tsx'),
    may: 'configuration:read',
    nav: { section: 'administer', icon: 'key', en: 'Roles', de: 'Rollen' },
  },
  {
    path: '/robots',
    load: () => import('../pages/robots/robots.tsx'),
    may: 'robot:list',
    nav: { section: 'administer', icon: 'robot', en: 'Robots', de: 'Robots' },
  },
  {
    path: '/workloads',
    load: () => import('../pages/workloads/workloads.tsx'),
    may: 'robot:list',
    nav: { section: 'administer', icon: 'shield', en: 'Workloads', de: 'Workloads' },
  },
  {
    path: '/client-certificates',
    load: () => import('../pages/client-certificates/client-certificates.tsx'),
    may: 'configuration:read',
    nav: { section: 'administer', icon: 'file', en: 'Client certificates', de: 'Client-Zertifikate' },
  },
  {
    path: '/labels',
    load: () => import('../pages/labels/labels.tsx'),
    may: 'label:create',
    nav: { section: 'administer', icon: 'label', en: 'Labels', de: 'Labels' },
  },
  {
    path: '/quotas',
    load: () => import('../pages/quotas/quotas.tsx'),
    may: 'quota:list',
    nav: { section: 'administer', icon: 'quota', en: 'Quotas', de: 'Kontingente' },
  },
  {
    path: '/settings/:part',
    load: () => import('../pages/settings/settings.tsx'),
    may: 'configuration:read',
    nav: { section: 'administer', icon: 'settings', en: 'Settings', de: 'Einstellungen' },
    example: '/settings/access',
  },
  {
    path: '/about',
    load: () => import('../pages/about/about.tsx'),
    may: 'user',
    nav: { section: 'administer', icon: 'info', en: 'About', de: 'Über' },
  },
  { path: '/profile', load: () => import('../pages/profile/profile.tsx'), may: 'user' },
  { path: '/kit', load: () => import('../pages/kit/kit.tsx') },
]

/** Paths that lead on. */
export const redirects: Record<string, string> = {
  '/p': '/projects',
  '/settings': '/settings/access',
  '/settings/ldap': '/settings/sign-in',
  '/settings/oidc': '/settings/sign-in',
}
