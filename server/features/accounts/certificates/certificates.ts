import type { X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { OciError } from '../../../../oci/errors.ts'
import { openLru } from '../../../platform/lru.ts'
import type { Caller } from '../../../registry/caller.ts'
import { basicChallenge, isBrowser } from '../../../registry/door/session.ts'
import { problemOfTls, type Authority } from './authority.ts'
import { fieldsOf } from './fields.ts'
import { certificateIn, readCertificate } from './header.ts'
import { whoseIs, type CertificateRule } from './rules.ts'

/** The caller that a request's certificate stands for; undefined for a request without one. Throws UNAUTHORIZED. */
export type ByCertificate = (request: IncomingMessage) => Promise<Caller | undefined>

/** What decides whose a certificate is. */
export type CertificateParts = {
  authority: Authority
  rules: readonly CertificateRule[]
  /** The header in which trusted proxies send certificates. */
  header: string | undefined
  /** The account or robot of a name; undefined when there is none, or it may not log in. */
  find: Record<CertificateRule['kind'], (name: string) => Promise<Caller | undefined>>
}

type CertificateOptions = CertificateParts & {
  isFromProxy(request: IncomingMessage): boolean
  /** Told of each request that was identified. */
  onAccepted(): void
  onRefused(subject: string, why: string): void
}

/** A certificate that came, and what TLS says of it. */
type Presented = { certificate: X509Certificate; isVerified: boolean; problem?: string }

/** Why a certificate is not accepted, as a sentence. */
type Refusal = { subject: string; why: string }

/** How many certificates of a header are kept as they were read. */
const keptHeaders = 1000

/**
 * Identifies callers by their certificates. On a connection from a trusted proxy only the header counts, as the
 * certificate of the connection is the proxy's; on every other connection the header counts nothing.
 *
 * A browser sends a certificate without being asked to: one that is not accepted is none there, so that a person
 * without an account of that name can still reach the page to sign in.
 */
export function openByCertificate(options: CertificateOptions): ByCertificate {
  const { onAccepted, onRefused } = options
  const present = presenter(options)

  return async (request) => {
    const found = await identify(options, present(request))
    if (found === undefined || 'kind' in found) {
      if (found) onAccepted()
      return found
    }
    if (isBrowser(request)) return undefined
    onRefused(found.subject, found.why)
    throw new OciError('UNAUTHORIZED', found.why, { headers: basicChallenge(request) })
  }
}

async function identify(
  parts: CertificateParts,
  presented: Presented | Refusal | undefined,
): Promise<Caller | Refusal | undefined> {
  return !presented || 'why' in presented ? presented : identifyCertificate(parts, presented)
}

/** The caller that a certificate stands for, or why it is not accepted. */
export async function identifyCertificate(
  { authority, rules, find }: CertificateParts,
  presented: Presented,
): Promise<Caller | Refusal> {
  const { certificate, isVerified } = presented
  const problem = presented.problem ?? authority.problemOf(certificate, { isVerified })
  const subject = certificate.subject.replaceAll('\n', ', ') || 'without a subject'
  if (problem !== undefined) return { subject, why: `the client certificate ${problem}` }
  const whose = whoseIs(rules, fieldsOf(certificate))
  if (!whose) return { subject, why: 'no rule says whose the client certificate is' }
  const { kind, name } = whose
  const why = `the client certificate is that of ${kind} ${name}, which is not there or is disabled`
  return (await find[kind](name)) ?? { subject, why }
}

/** Reads the certificate that a request came with: in the header, or in the handshake. */
function presenter({ header, isFromProxy }: Pick<CertificateOptions, 'header' | 'isFromProxy'>) {
  const read = openLru<string, X509Certificate>(keptHeaders)

  return (request: IncomingMessage): Presented | Refusal | undefined => {
    if (header !== undefined && isFromProxy(request)) return presentHeader(request, header)
    const { socket } = request
    const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
    if (!certificate) return undefined
    const { authorized, authorizationError } = socket as TLSSocket
    if (authorized) return { certificate, isVerified: true }
    return { certificate, isVerified: false, problem: problemOfTls(String(authorizationError)) }
  }

  function presentHeader(request: IncomingMessage, name: string): Presented | Refusal | undefined {
    try {
      const text = certificateIn(request, name)
      if (text === undefined) return undefined
      const certificate = read.get(text) ?? readCertificate(text)
      read.set(text, certificate)
      return { certificate, isVerified: false }
    } catch (error) {
      return { subject: 'unreadable', why: `the header ${name} holds no certificate: ${(error as Error).message}` }
    }
  }
}
