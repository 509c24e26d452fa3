import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { createProject } from '../features/projects/index.ts'
import { givenMember, givenUser, pushImage, pushIndex } from './given.ts'
import type { Person } from './http.ts'
import { givenPortalCache } from './portal-cache.ts'
import { givenPortalImages } from './portal-images.ts'
import { givenPortalTeam } from './portal-team.ts'
import { givenPortalSystem } from './portal-system.ts'
import { openReceiver } from './receiver.ts'
import { openTestMarina, type TestMarina } from './server.ts'

/** Who looks at the portal in tests and pictures: the roles of Harbor in the project `team`, and others. */
type Cast = Record<'administrator' | 'projectAdmin' | 'maintainer' | 'developer' | 'guest' | 'stranger', Person> & {
  anonymous: undefined
}

export type PortalScene = AsyncDisposable & { marina: TestMarina; cast: Cast }

/** Webhooks and endpoints are on this machine; one setting is fixed as an operator may fix it. */
const settings = {
  MARINA_OUTBOUND_ALLOW: '127.0.0.0/8',
  MARINA_WEBHOOK_TRIES: '2',
  MARINA_WEBHOOK_BACK_OFF: '10ms',
  // A registry that is left alone stays so until a test has looked at it.
  MARINA_PROXY_CACHE_PAUSE: '10m',
  MARINA_AUDIT_MASK_AGAIN: '100ms',
  MARINA_CONFIG_OVERWRITE_JSON: '{"token_expiration":30}',
}

/**
 * A Marina with something on every page: the public projects `library`, `tools` and `hub`, a cache; the private `team`
 * with images, one for two platforms, and a person for each role in `team`. Names are always the same, so that pictures
 * compare.
 */
export async function openPortalScene(): Promise<PortalScene> {
  await using opened = new AsyncDisposableStack()
  const receiver = opened.use(await openReceiver())
  const marina = opened.use(await openTestMarina(settings))
  const { ground, admin } = marina
  const team = await createProject(ground.db, admin, { name: 'team', isPublic: false })
  await createProject(ground.db, admin, { name: 'tools', isPublic: true })
  const cast = {
    administrator: admin,
    projectAdmin: await givenMember(marina, team, 'projectAdmin', 'paula'),
    maintainer: await givenMember(marina, team, 'maintainer', 'maik'),
    developer: await givenMember(marina, team, 'developer', 'dora'),
    guest: await givenMember(marina, team, 'guest', 'gustav'),
    stranger: await givenUser(marina, 'stella'),
    anonymous: undefined,
  }
  await fill(marina, cast.developer)
  await givenPortalTeam(marina, admin, receiver)
  await givenPortalSystem(marina)
  await givenPortalCache(marina)
  const kept = opened.move()
  return { marina, cast, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

async function fill(marina: TestMarina, as: Person): Promise<void> {
  await givenPortalImages(marina, as)
  const platforms = [
    await pushImage(marina, 'team/api', { as, layers: 2 }),
    await pushImage(marina, 'team/api', { as, layers: 2 }),
  ]
  await pushIndex(marina, 'team/api', platforms, { as, tag: '2024.1' })
  await pushImage(marina, 'library/alpine', { tag: '3.20' })
}

/** A row of portal/src/app/pages.ts, as far as tests need it. */
export type PageRow = { path: string; may?: string; isBare?: true; example?: string }

/** Every page of the portal. */
export async function readPages(): Promise<PageRow[]> {
  const file = path.resolve(import.meta.dirname, '../../portal/src/app/pages.ts')
  // Imported by its address: its types are those of a browser, which the tests' types do not know.
  const { pages } = (await import(pathToFileURL(file).href)) as { pages: PageRow[] }
  return pages
}
