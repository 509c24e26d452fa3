import { readConfig, type Processor } from './processor.ts'

const artifactType = 'application/vnd.cnab.manifest.v1'

/** A Cloud Native Application Bundle: an index, one of whose manifests carries the bundle's config. */
export const cnab: Processor = {
  type: 'CNAB',
  isFor: ({ kind, annotations, artifactType: own }) =>
    kind === 'index' && (annotations['org.opencontainers.artifactType'] === artifactType || own === artifactType),
  async read({ children }, sources) {
    const carrier = children.find(({ annotations }) => annotations?.['io.cnab.manifest.type'] === 'config')
    const manifest = carrier && (await sources.manifest(carrier.digest))
    return manifest ? readConfig(manifest, sources) : {}
  },
  additions: [],
}
