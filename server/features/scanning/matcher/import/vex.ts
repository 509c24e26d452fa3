import { isObject, textIn } from '../../inventory/bytes.ts'
import type { Statement } from '../database/store.ts'

/** Statuses by which a vulnerability is none of the product (OpenVEX specification 0.2, "Status labels"). */
const suppressing = new Set(['not_affected', 'fixed'])

/** The statements of an OpenVEX document that take findings away; one without a product or a name says nothing here. */
export function readStatements(document: Record<string, unknown>): Statement[] {
  const author = textIn(document['author'])
  return listOf(document['statements']).flatMap((statement) => {
    const status = textIn(statement['status'])
    if (!suppressing.has(status)) return []
    const words = [textIn(statement['justification']), textIn(statement['impact_statement'])].filter(Boolean)
    const reason = `${status}${words.length > 0 ? `: ${words.join(', ')}` : ''}${author ? ` (${author})` : ''}`
    const products = listOf(statement['products']).flatMap(placesOf)
    return namesOf(statement['vulnerability']).flatMap((vulnerability) =>
      products.map((place) => ({ vulnerability, ...place, reason: reason.slice(0, 1000) })),
    )
  })
}

function namesOf(value: unknown): string[] {
  if (!isObject(value)) return [textIn(value)].filter(Boolean)
  const aliases = Array.isArray(value['aliases']) ? value['aliases'].map(textIn) : []
  return [textIn(value['name']), ...aliases].filter((one) => one !== '' && one.length <= 200)
}

type Place = Pick<Statement, 'product' | 'version' | 'digest'>

/** A package, or packages of one image, which is named by its digest. */
function placesOf(product: Record<string, unknown>): Place[] {
  const purls = purlsOf(product)
  const digests = purls.flatMap((purl) => digestIn(purl) ?? [])
  if (digests.length === 0) return purls.map((purl) => ({ ...splitPurl(purl), digest: '' }))
  const parts = listOf(product['subcomponents']).flatMap(purlsOf)
  const places = parts.length === 0 ? [{ product: '', version: '' }] : parts.map(splitPurl)
  return digests.flatMap((digest) => places.map((place) => ({ ...place, digest })))
}

function purlsOf(component: Record<string, unknown>): string[] {
  const identifiers = isObject(component['identifiers']) ? component['identifiers'] : {}
  const found = [textIn(component['@id']), textIn(identifiers['purl'])]
  return [...new Set(found)].filter((one) => one.startsWith('pkg:') && one.length <= 1024)
}

/** The digest of an image in its package URL: `pkg:oci/app@sha256:...`. */
function digestIn(purl: string): string | undefined {
  const [, algorithm, hex] = /^pkg:oci\/[^@?]+@(sha256|sha512)(?::|%3[Aa])([0-9a-f]{64,128})/.exec(purl) ?? []
  return hex === undefined ? undefined : `${algorithm}:${hex}`
}

/** A package URL without qualifiers, in two parts; the version is decoded, '' when it has none. */
export function splitPurl(purl: string): { product: string; version: string } {
  const [path = ''] = purl.split(/[?#]/, 1)
  const at = path.lastIndexOf('@')
  if (at < 0) return { product: path, version: '' }
  return { product: path.slice(0, at), version: decoded(path.slice(at + 1)) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const listOf = (value: unknown): Record<string, unknown>[] =>
  (Array.isArray(value) ? value : [])
    .map((one: unknown) => (typeof one === 'string' ? { '@id': one } : one))
    .filter(isObject)
