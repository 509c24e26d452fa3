import { OciError } from '../../../oci/errors.ts'
import type { Registry } from '../registry.ts'

/** The methods that a view lets through: `true` for the registry's own, or a function that replaces it. */
export type Through = { [Method in keyof Registry]?: true | Registry[Method] }

/** Every method of the interface: a method that is missing here does not compile. */
export const methods = Object.keys({
  readManifest: true,
  statManifest: true,
  statBlob: true,
  readBlob: true,
  openBlob: true,
  blobUrl: true,
  startUpload: true,
  findUpload: true,
  appendUpload: true,
  finishUpload: true,
  cancelUpload: true,
  writeBlob: true,
  mountBlob: true,
  writeManifest: true,
  deleteManifest: true,
  deleteTag: true,
  deleteBlob: true,
  listTags: true,
  listReferrers: true,
  listRepositories: true,
} satisfies Record<keyof Registry, true>) as (keyof Registry)[]

/**
 * A registry that does what `through` names and refuses everything else. It is built from those names, never copied
 * from the registry: a method that the interface gets later is refused until a view names it. The refusal is DENIED, as
 * Harbor answers a push into a project that takes none; a 405 would have to list in `Allow` what the address does take.
 */
export function view(registry: Registry, through: Through): Registry {
  const all = methods.map((method) => [method, methodOf(registry, through, method)])
  return Object.fromEntries(all)
}

const refuse = async () => {
  throw new OciError('DENIED', 'this repository does not allow that')
}

function methodOf(registry: Registry, through: Through, method: keyof Registry): unknown {
  const own = through[method]
  if (own === undefined) return refuse
  return own === true ? registry[method].bind(registry) : own
}
