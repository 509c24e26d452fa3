import { parseManifest, type Descriptor } from '../../../../oci/manifest.ts'
import type { Digest } from '../../../../oci/digest.ts'
import { OciError } from '../../../../oci/errors.ts'
import type { RepositoryName } from '../../../../oci/reference.ts'
import type { Registry } from '../../../registry/registry.ts'
import { fromBothEnds } from '../rules.ts'
import { checkAttestation, checkBundle, checkSimpleSigning } from './cosign.ts'
import type { Check, Sealed, Trust } from './check.ts'
import type { checkNotation } from './notation.ts'

/** An artifact that holds signatures of another one, the subject. */
type Held = { repository: RepositoryName; digest: Digest; subject: Digest }
/** `signatureBytes`: the largest signature that is read. `perImage`: the most that are checked of one image. */
export type Limits = { signatureBytes: number; perImage: number }
export type Source = Pick<Registry, 'readManifest' | 'openBlob'>

/** The most signatures of one artifact that are checked: cosign 2 keeps all of an image in one. */
const layersLimit = 20

type How = { tool: Check['tool']; says: Check['says']; check(sealed: Sealed, trust: Trust): Promise<Check> }

/** The two forms of a signature of notation: JWS and COSE. */
const notationTypes = ['application/jose+json', 'application/cose']
/** Loads what reads them when there is the first one. */
const checkByNotation: typeof checkNotation = async (...asked) =>
  (await import('./notation.ts')).checkNotation(...asked)

/** How the layers of each media type are checked. Layers of other types hold no signature. */
function howOf({ mediaType }: Descriptor): How | undefined {
  if (mediaType === 'application/vnd.dev.cosign.simplesigning.v1+json')
    return { tool: 'cosign', says: 'signature', check: checkSimpleSigning }
  if (mediaType === 'application/vnd.dsse.envelope.v1+json')
    return { tool: 'cosign', says: 'attestation', check: checkAttestation }
  if (mediaType.startsWith('application/vnd.dev.sigstore.bundle'))
    return { tool: 'cosign', says: 'signature', check: checkBundle }
  if (notationTypes.includes(mediaType)) return { tool: 'notation', says: 'signature', check: checkByNotation }
  return undefined
}

/**
 * Checks all signatures in an artifact; none for an artifact that holds no signatures. Throws when storage cannot be
 * read: that says nothing about a signature.
 */
export async function checkArtifact(source: Source, held: Held, trust: Trust, limits: Limits): Promise<Check[]> {
  const manifest = await orAbsent(async () => source.readManifest(held.repository, { digest: held.digest }))
  if (!manifest) return []
  const { layers } = parseManifest(manifest.content, manifest.mediaType)
  const found = layers.flatMap((layer) => {
    const how = howOf(layer)
    return how ? [{ layer, how }] : []
  })
  const wanted = new Set(fromBothEnds(found).slice(0, layersLimit))
  const checks: Check[] = []
  for (const one of found) if (wanted.has(one)) checks.push(await checkLayer(source, held, one, trust, limits))
  return checks
}

async function checkLayer(
  source: Source,
  { repository, subject }: Held,
  { layer, how }: { layer: Descriptor; how: How },
  trust: Trust,
  limits: Limits,
): Promise<Check> {
  const { tool, says } = how
  const refused = (reason: string): Check => ({ tool, says, isVerified: false, reason })
  if (layer.size > limits.signatureBytes)
    return refused(`it has ${layer.size} bytes, and at most ${limits.signatureBytes} are read`)
  const bytes = await orAbsent(() => readBlob(source, repository, layer))
  if (!bytes) return refused('its content is missing')
  return how.check({ subject, mediaType: layer.mediaType, bytes, annotations: layer.annotations ?? {} }, trust)
}

async function readBlob(source: Source, repository: RepositoryName, { digest }: Descriptor): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of await source.openBlob(repository, digest)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Undefined for what was deleted meanwhile; other errors are thrown. */
async function orAbsent<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof OciError && ['BLOB_UNKNOWN', 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN'].includes(error.code))
      return undefined
    throw error
  }
}
