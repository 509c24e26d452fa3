import type { IncomingMessage } from 'node:http'
import type { Db } from '../../platform/db/db.ts'
import type { Peer } from '../../platform/http/server.ts'
import type { Log } from '../../platform/observe/log.ts'
import type { Outside, SessionDoor } from '../accounts/index.ts'
import type { SettingsReader } from '../settings/index.ts'
import type { Oidc, OidcLimits } from './oidc.ts'

/** What the paths below /c/oidc are lent. */
export type Lent = {
  db: Db
  secrets: { seal(plain: string, purpose: string): string; unseal(sealed: string, purpose: string): string }
  settings: SettingsReader
  oidc: Oidc
  outside: Pick<Outside, 'vouch' | 'noteLogin'>
  sessions: Pick<SessionDoor, 'open' | 'close'>
  peerOf(request: IncomingMessage): Peer
  externalUrl: string | undefined
  limits: OidcLimits
  log: Log
  /** Notes a refused sign-in in the audit log. */
  onRefused(name: string): void
}
