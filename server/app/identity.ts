import { openRights } from '../features/access/index.ts'
import {
  cliSecretLogin,
  openLogin,
  openOutside,
  saveTokenUses,
  type Login,
  type Outside,
  type OutsideProvider,
} from '../features/accounts/index.ts'
import type { Refusals } from '../features/audit/index.ts'
import { directoryOf } from '../features/ldap/index.ts'
import { findRobotCaller, openRobotUses, robotLogin } from '../features/robots/index.ts'
import { scannerLogin } from '../features/scanning/index.ts'
import type { SettingsAccess } from '../features/settings/index.ts'
import { openWorkloads, saveRuleUses, type Workloads } from '../features/workloads/index.ts'
import { openPart } from '../platform/observe/part.ts'
import { seldom } from '../platform/observe/seldom.ts'
import type { Outbound } from '../platform/outbound/outbound.ts'
import { openUses, type Uses } from '../platform/uses.ts'
import { openKeys } from '../registry/keys.ts'
import { openTokens, type Tokens } from '../registry/token.ts'
import { certificatePartsOf, openCertificates, type ClientCertificates } from './certificates.ts'
import type { Ground } from './ground.ts'
import { noting } from './identify.ts'
import { openOidcOf } from './oidc.ts'
import { openProviders } from './providers.ts'

type Late = (what: string) => (error: unknown) => void
type Lent = {
  settings: SettingsAccess
  outbound: Outbound
  refusals: Refusals
  certificates: ClientCertificates | undefined
  late: Late
}

/** The systems that can vouch for accounts. */
export function openVouching(ground: Ground, settings: SettingsAccess, outbound: Outbound) {
  const oidc = openOidcOf(ground, settings, outbound)
  const directory = directoryOf(ground.config, outbound)
  return { oidc, directory, providers: openProviders({ ground, settings, outbound, oidc, directory }) }
}

/** Who somebody is, by password, secret, token or certificate, and what they may do below /v2. */
export function openIdentity(
  ground: Ground,
  providers: OutsideProvider[],
  { settings, outbound, refusals, certificates, late }: Lent,
  opened: AsyncDisposableStack,
) {
  const { db, cache } = ground
  const reader = { db, cache }
  const outside = openOutsideOf(ground, settings, providers)
  const rights = openRights({ ...reader, confirm: outside.confirm })
  const tokens = openTokensOf(ground, settings)
  const robotUses = opened.use(openRobotUses(db.relaxed, 5000, late('uses of robots')))
  const passwords = noting(refusals, openLoginOf(ground, { settings, tokens, outside, robotUses }, opened, late))
  const workloads = openWorkloadsOf(ground, { tokens, outbound, refusals }, opened, late)
  const login = withWorkloads(passwords, workloads.login)
  const findRobot = findRobotCaller(reader, robotUses, () => settings.get('robot_name_prefix'))
  const certificateParts = certificates && certificatePartsOf(ground, certificates, findRobot)
  const byCertificate = certificateParts && openCertificates(ground, certificateParts, { refusals, outside })
  return { outside, rights, tokens, workloads, login, byCertificate, certificateParts }
}

type LentToLogin = { settings: SettingsAccess; tokens: Tokens; outside: Outside; robotUses: Uses }

/** Checks names and secrets of people and programs, and notes when robots and personal tokens were used. */
function openLoginOf(
  ground: Ground,
  { settings, tokens, outside, robotUses }: LentToLogin,
  opened: AsyncDisposableStack,
  late: Late,
): Login {
  const { db, cache } = ground
  const reader = { db, cache, relaxed: db.relaxed, confirm: outside.confirm }
  const tokenUses = opened.use(openUses((uses) => saveTokenUses(db.relaxed, uses), 5000, late('uses of tokens')))
  const robots = robotLogin(reader, robotUses, () => settings.get('robot_name_prefix'))
  const { people, noteLogin: onChecked } = outside
  const cliSecrets = cliSecretLogin(reader, tokenUses)
  return openLogin(reader, [robots, scannerLogin(tokens), cliSecrets], {
    ...throttleOf(ground),
    tokenUses,
    people,
    onChecked,
  })
}

function openOutsideOf(
  { db, cache, secrets, config, log }: Ground,
  settings: SettingsAccess,
  providers: OutsideProvider[],
): Outside {
  const part = openPart('identity', log)
  return openOutside({ db, cache, secrets, settings, providers, limits: config.identity, part })
}

/** Checks tokens of pipelines and clusters, and notes which trust rules were used. */
function openWorkloadsOf(
  { db, cache, config }: Ground,
  { tokens, outbound, refusals }: { tokens: Tokens; outbound: Outbound; refusals: Refusals },
  opened: AsyncDisposableStack,
  late: Late,
): Workloads {
  const uses = opened.use(openUses((batch) => saveRuleUses(db.relaxed, batch), 5000, late('uses of trust rules')))
  const onRefused = () => refusals.login('workload')
  return openWorkloads({ reader: { db, cache }, outbound, tokens, uses, limits: config.workloads, onRefused })
}

/** Tokens of other issuers go to the trust rules, all other passwords to accounts and robots. */
const withWorkloads =
  (passwords: Login, { takes, login }: Workloads['login']): Login =>
  (name, password, address) =>
    takes(name, password) ? login(password, address) : passwords(name, password, address)

function openTokensOf({ db, secrets, config }: Ground, settings: SettingsAccess): Tokens {
  const keys = openKeys(db, secrets, config.limits.tokenTtlMs)
  return openTokens(keys, async () => (await settings.get('token_expiration')) * 60_000)
}

function throttleOf({ config, log }: Ground) {
  const onSlowed = seldom((source, heldBack) =>
    log.warn({ source, ...(heldBack > 0 ? { held_back: heldBack } : {}) }, 'logins wait: too many wrong passwords'),
  )
  return { namesPerAddress: config.limits.signInNames, onSlowed }
}
