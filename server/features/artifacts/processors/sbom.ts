import type { Processor } from './processor.ts'

/** Types of SBOMs: Harbor's own, and those that cosign, oras and syft attach (SPDX, CycloneDX, Syft's form). */
export const sbomTypes = [
  'application/vnd.goharbor.harbor.sbom.v1',
  'application/spdx+json',
  'application/vnd.cyclonedx',
  'application/vnd.cyclonedx+json',
  'application/vnd.cyclonedx+xml',
  'application/vnd.syft+json',
  'text/spdx',
  'text/spdx+json',
  'text/spdx+xml',
]

/** A software bill of materials (SBOM) that a scanner or a user stored as an accessory of an image, or by itself. */
export const sbom: Processor = {
  type: 'SBOM',
  isFor: ({ config, artifactType, layers }) =>
    [artifactType, config?.mediaType, layers[0]?.mediaType].some(
      (type) => type !== undefined && sbomTypes.includes(type),
    ),
  read: async ({ annotations }) => ({ ...annotations }),
  additions: ['sbom'],
}
