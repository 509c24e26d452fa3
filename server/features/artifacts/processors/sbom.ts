import type { Processor } from './processor.ts'

export const sbomType = 'application/vnd.goharbor.harbor.sbom.v1'

/** A software bill of materials (SBOM) that a scanner stored as an accessory of an image. */
export const sbom: Processor = {
  type: 'SBOM',
  isFor: ({ config, artifactType }) => artifactType === sbomType || config?.mediaType === sbomType,
  read: async ({ annotations }) => ({ ...annotations }),
  additions: ['sbom'],
}
