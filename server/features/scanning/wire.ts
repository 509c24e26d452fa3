import type { Static } from 'typebox'
import type { ScannerRegistration, ScannerRegistrationChange } from '../../../api/scanners.ts'
import { kindOf, type Metadata } from './scanners/adapter/metadata.ts'
import type { AuthKind, NewScanner } from './rules.ts'
import { isBuiltIn } from './scanners/trivy/row.ts'
import type { Scanner } from './store.ts'

/** Shown in place of a credential. A client that sends it back keeps the stored credential. */
const hidden = '[HIDDEN]'

/** The fields of a registration that a request gives. */
export function parseScanner(body: Static<typeof ScannerRegistrationChange>): Partial<NewScanner> {
  const given: Partial<NewScanner> = {
    ...picked(body.name, (name) => ({ name: name.trim() })),
    ...picked(body.description, (description) => ({ description })),
    ...picked(body.url, (url) => ({ url: url.trim().replace(/\/+$/, '') })),
    ...picked(body.auth, (auth) => ({ auth: auth as AuthKind })),
    ...picked(body.access_credential === hidden ? undefined : body.access_credential, (credential) => ({ credential })),
    ...picked(body.skip_certVerify, (skipsTlsCheck) => ({ skipsTlsCheck })),
    ...picked(body.use_internal_addr, (usesInternalAddress) => ({ usesInternalAddress })),
    ...picked(body.disabled, (isDisabled) => ({ isDisabled })),
  }
  // Without authentication there is no use for a credential: it is removed.
  return given.auth === '' ? { ...given, credential: '' } : given
}

const picked = <Value, Made extends object>(value: Value | undefined, make: (value: Value) => Made): Made | object =>
  value === undefined ? {} : make(value)

type Registration = Static<typeof ScannerRegistration>

export function presentScanner(scanner: Scanner): Registration {
  return {
    uuid: scanner.id,
    name: scanner.name,
    description: scanner.description,
    url: scanner.url,
    disabled: scanner.isDisabled,
    is_default: scanner.isDefault,
    auth: scanner.auth,
    ...(scanner.sealedCredential === null ? {} : { access_credential: hidden }),
    skip_certVerify: scanner.skipsTlsCheck,
    use_internal_addr: scanner.usesInternalAddress,
    is_own: isBuiltIn(scanner),
    ...(scanner.dataAt === null ? {} : { database_time: scanner.dataAt.toISOString() }),
    create_time: scanner.createdAt.toISOString(),
    update_time: scanner.updatedAt.toISOString(),
  }
}

/** A scanner's metadata as fields of its registration. */
export function presentMetadata(metadata: Metadata | undefined): Partial<Registration> {
  if (!metadata) return { health: 'unhealthy' }
  const supports = new Set(metadata.capabilities.map(kindOf))
  return {
    health: 'healthy',
    adapter: metadata.scanner.name,
    vendor: metadata.scanner.vendor ?? '',
    version: metadata.scanner.version ?? '',
    capabilities: { support_vulnerability: supports.has('vulnerability'), support_sbom: supports.has('sbom') },
  }
}
