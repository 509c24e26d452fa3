import type { Reader } from '../catalog/reader.ts'
import { ConfigError, type Config } from '../config/config.ts'
import {
  findAccount,
  openAuthority,
  openByCertificate,
  parseCertificateRule,
  type Authority,
  type ByCertificate,
  type CertificateParts,
  type CertificateRule,
  type Outside,
} from '../features/accounts/index.ts'
import type { Refusals } from '../features/audit/index.ts'
import { proxyTester } from '../platform/http/server.ts'
import type { Component } from '../platform/observe/health.ts'
import { openPart } from '../platform/observe/part.ts'
import { every } from '../platform/repeat.ts'
import type { Caller } from '../registry/caller.ts'
import type { Ground } from './ground.ts'
import { readPem } from './tls.ts'

/** What the settings say of client certificates, read and checked before anything starts. */
export type ClientCertificates = { ca: string; authority: Authority; rules: CertificateRule[] }

/** Undefined without MARINA_CLIENT_CA. Throws ConfigError. */
export async function readClientCertificates({
  clientCertificates: wanted,
}: Config): Promise<ClientCertificates | undefined> {
  if (wanted.ca === undefined) return undefined
  const ca = await readPem(wanted.ca, 'MARINA_CLIENT_CA')
  const crl = wanted.crl === undefined ? undefined : await readPem(wanted.crl, 'MARINA_CLIENT_CRL')
  const authority = naming(`${wanted.ca} (MARINA_CLIENT_CA)`, () => openAuthority(ca))
  if (crl !== undefined) naming(`${wanted.crl} (MARINA_CLIENT_CRL)`, () => authority.revoke(crl))
  const rules = naming('MARINA_CLIENT_CERT_RULES', () => wanted.rules.map((text) => parseCertificateRule(text)))
  return { ca, authority, rules }
}

function naming<Result>(what: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw new ConfigError(`${what} cannot be used: ${(error as Error).message}`)
  }
}

/**
 * Reads the revocation lists anew every MARINA_CLIENT_CRL_EVERY. While the file cannot be used the lists before hold,
 * and health says so.
 */
export function followRevocations(
  { config, log }: Ground,
  { authority }: ClientCertificates,
  opened: AsyncDisposableStack,
): Component {
  const { crl, crlEveryMs } = config.clientCertificates
  const part = openPart('client certificates', log)
  if (crl === undefined) return part.component
  const trouble = 'the revocation lists cannot be used'
  const read = async () => {
    authority.revoke(await readPem(crl, 'MARINA_CLIENT_CRL'))
    part.well(trouble)
  }
  opened.use(every(crlEveryMs, read, (error) => part.failed(trouble, error)))
  return part.component
}

/** What decides whose a certificate is. */
export const certificatePartsOf = (
  { db, cache, config }: Ground,
  { authority, rules }: ClientCertificates,
  findRobot: (name: string) => Promise<Caller | undefined>,
): CertificateParts => ({
  authority,
  rules,
  header: config.clientCertificates.header,
  find: { user: (name) => findUser({ db, cache }, name), robot: findRobot },
})

type CertificateLent = { refusals: Refusals; outside: Pick<Outside, 'noteLogin'> }

/** Identifies callers by their certificates, counts that, and records refused certificates in the audit log. */
export function openCertificates(
  { config }: Ground,
  parts: CertificateParts,
  { refusals, outside }: CertificateLent,
): ByCertificate {
  return openByCertificate({
    ...parts,
    isFromProxy: proxyTester(config.server.trustedProxies),
    onAccepted: () => outside.noteLogin('certificate', 'right'),
    onRefused(subject, why) {
      outside.noteLogin('certificate', 'wrong')
      refusals.certificate(subject, why)
    },
  })
}

async function findUser(reader: Reader, name: string): Promise<Caller | undefined> {
  const account = await findAccount(reader, name)
  if (!account || account.isDisabled) return undefined
  return { kind: 'user', id: account.id, name: account.name, byCertificate: true }
}
