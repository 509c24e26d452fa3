import { X509Certificate } from 'node:crypto'
import type { Static } from 'typebox'
import * as api from '../../../../api/client-certificates.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { route, type ApiRoute } from '../../access/index.ts'
import { identifyCertificate, type CertificateParts } from './certificates.ts'
import { fieldsOf } from './fields.ts'
import { ruleFor, ruleText } from './rules.ts'

/** As for all that is tried by a POST: an auditor reads the settings, and tries nothing. */
const mayTry = { system: 'configuration', verb: 'update' } as const

/** How certificates identify callers, for administrators. `parts`: undefined without MARINA_CLIENT_CA. */
export function certificateRoutes(parts: CertificateParts | undefined): ApiRoute[] {
  return [
    route(api.getClientCertificates, { system: 'configuration', verb: 'read' }, async () => presentParts(parts)),
    route(api.checkClientCertificate, mayTry, async ({ body }) => {
      if (!parts) throw new Failure('PRECONDITION', 'client certificates are off: MARINA_CLIENT_CA names no authority')
      return check(parts, parsePem(body.certificate))
    }),
  ]
}

function presentParts(parts: CertificateParts | undefined): Static<typeof api.ClientCertificates> {
  if (!parts) return { enabled: false, authorities: [], rules: [], checks_revocation: false }
  const { authority, rules, header } = parts
  const lists = authority.lists()
  return {
    enabled: true,
    authorities: authority.certificates.map((one) => {
      const list = lists?.find(({ issuer }) => issuer === one)
      return {
        subject: lineOf(one.subject),
        ...validityOf(one),
        ...(list ? { revoked: list.serials.size } : {}),
        ...(list?.nextUpdate ? { next_update: list.nextUpdate.toISOString() } : {}),
      }
    }),
    rules: rules.map(ruleText),
    checks_revocation: lists !== undefined,
    ...(header === undefined ? {} : { header }),
  }
}

async function check(
  parts: CertificateParts,
  certificate: X509Certificate,
): Promise<Static<typeof api.CheckedCertificate>> {
  const names = fieldsOf(certificate)
  const found = ruleFor(parts.rules, names)
  const result = await identifyCertificate(parts, { certificate, isVerified: false })
  return {
    subject: lineOf(certificate.subject),
    issuer: lineOf(certificate.issuer),
    serial_number: certificate.serialNumber,
    ...validityOf(certificate),
    names,
    accepted: 'kind' in result,
    ...('why' in result ? { problem: result.why } : {}),
    ...(found ? { rule: ruleText(found.rule), entity_type: letters[found.rule.kind], entity_name: found.name } : {}),
  }
}

const letters = { user: 'u', robot: 'r' } as const

/** Node writes one part of a name on each line. */
const lineOf = (name: string | undefined): string => (name ?? '').replaceAll('\n', ', ')

const validityOf = ({ validFromDate, validToDate }: X509Certificate) => ({
  valid_from: validFromDate.toISOString(),
  valid_to: validToDate.toISOString(),
})

function parsePem(text: string): X509Certificate {
  const [block] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(text) ?? []
  try {
    if (block !== undefined) return new X509Certificate(block)
  } catch {
    // What OpenSSL says of it helps nobody who pasted the wrong text.
  }
  throw new Failure('BAD_REQUEST', 'certificate must be a certificate in PEM, from BEGIN to END CERTIFICATE')
}
