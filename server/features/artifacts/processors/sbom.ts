import type { Processor } from './processor.ts'

export const sbomType = 'application/vnd.goharbor.harbor.sbom.v1'

/** A bill of materials that a scanner left beside an image. */
export const sbom: Processor = {
  type: 'SBOM',
  isFor: ({ config, artifactType }) => artifactType === sbomType || config?.mediaType === sbomType,
  read: async ({ annotations }) => ({ ...annotations }),
  additions: ['sbom'],
}
