import type { Adapter } from './adapter.ts'

/** Any registry of the OCI Distribution Specification 1.1; what it cannot do is seen when it is asked. */
export const oci: Adapter = {
  type: 'oci',
  info: { resources: ['image', 'artifact'], copiesByChunk: true },
}
