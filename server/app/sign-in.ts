import { isOidcPath, openOidcDoor } from '../features/oidc/index.ts'
import type { Ground } from './ground.ts'
import type { ListenerOptions } from './listen.ts'
import type { Floor } from './registry.ts'

/** Answers what browsers ask to sign in and out: the paths of OpenID Connect, and those of sessions. */
export function openSignIn({ db, secrets, config, log }: Ground, floor: Floor): ListenerOptions['small']['session'] {
  const { oidc, outside, sessions, settings, peerOf, refusals } = floor
  const { externalUrl } = config.server
  const throughProvider = openOidcDoor({
    db,
    secrets,
    settings,
    oidc,
    outside,
    sessions,
    peerOf,
    externalUrl,
    limits: config.oidc,
    log,
    onRefused: (name) => refusals.login(name),
  })
  return (request, response, peer) =>
    isOidcPath(request.url!) ? throughProvider(request, response, peer) : sessions.handle(request, response, peer)
}
