import { OciError } from '../../../oci/errors.ts'
import type { Registry } from '../registry.ts'

/** The methods that a view lets through: as the registry has them, or replaced by the view's own. */
export type Through = { [Method in keyof Registry]?: true | Registry[Method] }

/** Every method of the interface: one that is added there and not here does not compile. */
export const methods = Object.keys({
  readManifest: true,
  statManifest: true,
  statBlob: true,
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
 * A registry that does what `through` names and refuses everything else. It is built from the names, never copied
 * from the registry, so a method that the interface gets later passes no view that does not name it. The refusal is
 * DENIED, as Harbor answers a push into a project that takes none; 405 would have to say in `Allow` what else the
 * address takes.
 */
export function view(registry: Registry, through: Through): Registry {
  const all = methods.map((method) => [method, methodOf(registry, through, method)])
  return Object.fromEntries(all)
}

const refuse = async () => {
  throw new OciError('DENIED', 'this cannot be done here')
}

function methodOf(registry: Registry, through: Through, method: keyof Registry): unknown {
  const own = through[method]
  if (own === undefined) return refuse
  return own === true ? registry[method].bind(registry) : own
}
