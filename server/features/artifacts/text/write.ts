import type { Digest } from '../../../../oci/digest.ts'
import { bytesOf, JsonBytes, type ReadyJson } from '../../../platform/http/ready.ts'
import { findImmutable, type Immutable } from '../../immutability/index.ts'
import { fields, type Column, type Loaded, type Page } from '../columns.ts'
import { artifactsPath } from '../wire.ts'
import type { KeptArtifact } from './kept.ts'

/** What is put beside the texts that an artifact has. */
type Beside = {
  hasTags: boolean
  isImmutable: Immutable | undefined
  /** In the order of the answer. */
  columns: { key: string; loaded: Loaded }[]
  scanned: Loaded | undefined
  sbomOf: Loaded['sbomOf']
}

/** The array of the artifacts of a page, in the shape of `api.Artifact`. */
export async function writeArtifacts(columns: readonly Column[], page: Page): Promise<ReadyJson> {
  const beside = await load(columns, page)
  const bytes = new JsonBytes().addBytes('[')
  page.artifacts.forEach((one, index) => {
    if (index > 0) bytes.addBytes(',')
    writeArtifact(bytes, one, beside)
  })
  return bytes.addBytes(']').finish()
}

/** The only artifact of a page. */
export async function writeOne(columns: readonly Column[], page: Page): Promise<ReadyJson> {
  const bytes = new JsonBytes()
  writeArtifact(bytes, page.artifacts[0]!, await load(columns, page))
  return bytes.finish()
}

/** Loads every wanted column of a page, all columns at once; each needs one read, however many artifacts there are. */
async function load(columns: readonly Column[], page: Page): Promise<Beside> {
  const { wanted, reader, project } = page
  const byField = new Map(columns.filter(({ flag }) => wanted[flag]).map((one) => [one.field, one]))
  const shown = fields.flatMap((field) => byField.get(field) ?? [])
  const hasTags = wanted.with_tag ?? true
  const [isImmutable, ...loaded] = await Promise.all([
    hasTags && wanted.with_immutable_status ? findImmutable(reader, project.id) : undefined,
    ...shown.map((one) => one.load(page)),
  ])
  const loadedOf = (field: Column['field']) => loaded[shown.findIndex((one) => one.field === field)]
  return {
    hasTags,
    isImmutable,
    columns: shown.map(({ field }, index) => ({ key: `,"${field}":`, loaded: loaded[index]! })),
    scanned: loadedOf('scan_overview'),
    sbomOf: loadedOf('sbom_overview')?.sbomOf,
  }
}

/** Fields are in the order of the schema, those first that every artifact has. */
function writeArtifact(bytes: JsonBytes, one: KeptArtifact, beside: Beside): void {
  bytes.addBytes(one.start).addBytes(one.share.text)
  const overview = beside.scanned?.textOf(one)
  writeRest(bytes, one, overview !== undefined, beside.sbomOf?.(one))
  if (beside.hasTags) bytes.addBytes(beside.isImmutable ? withImmutable(one, beside.isImmutable) : one.tags)
  for (const { key, loaded } of beside.columns) {
    const text = loaded === beside.scanned ? overview : loaded.textOf(one)
    if (text !== undefined) bytes.addBytes(key).addText(text)
  }
  bytes.addBytes('}')
}

/** Writes what begins with the digest, and the links to additions, in which the digest is written again. */
function writeRest(bytes: JsonBytes, one: KeptArtifact, isScanned: boolean, sbom: Digest | undefined): void {
  const { rest, share } = one
  const { additions, vulnerabilities } = share.links
  const [start, digestLength] = [bytes.length, rest.indexOf('"')]
  bytes.addBytes(rest).addBytes(',"addition_links":{')
  let isFirst = true
  for (const { before, after } of additions) {
    if (!isFirst) bytes.addBytes(',')
    bytes.addBytes(before).repeat(start, digestLength).addBytes(after)
    isFirst = false
  }
  if (sbom !== undefined) {
    const href = `${artifactsPath(share.repositoryName)}${sbom}/additions/sbom`
    bytes.addBytes(`${isFirst ? '' : ','}"sboms":{"href":"${href}","absolute":false}`)
    isFirst = false
  }
  if (isScanned) {
    if (!isFirst) bytes.addBytes(',')
    bytes.addBytes(vulnerabilities.before).repeat(start, digestLength).addBytes(vulnerabilities.after)
  }
  bytes.addBytes('}')
}

/** The text of the tags, with those marked that a rule of the project keeps. */
function withImmutable({ tags, share: { repositoryName } }: KeptArtifact, isImmutable: Immutable): string {
  const repository = repositoryName.slice(repositoryName.indexOf('/') + 1)
  const head = tags.slice(0, tags.indexOf('['))
  const shown = JSON.parse(tags.slice(head.length)) as { name: string; immutable: boolean }[]
  for (const tag of shown) tag.immutable = isImmutable(repository, tag.name)
  return bytesOf(head + JSON.stringify(shown))
}
