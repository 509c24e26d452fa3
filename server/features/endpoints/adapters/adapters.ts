import type { Adapter, AdapterType } from './adapter.ts'
import { dockerHub } from './docker-hub.ts'
import { dockerRegistry } from './docker-registry.ts'
import { harbor } from './harbor.ts'
import { oci } from './oci.ts'

/** All kinds of registries, in the order in which the API lists them. */
export const adapters = [dockerHub, dockerRegistry, harbor, oci] satisfies Adapter[]

export const adapterTypes: AdapterType[] = adapters.map(({ type }) => type)

/** Throws Error for a type that is not in the list: types are checked before they are saved. */
export function findAdapter(type: AdapterType): Adapter {
  const found = adapters.find((one) => one.type === type)
  if (!found) throw new Error(`there is no adapter ${type}`)
  return found
}
