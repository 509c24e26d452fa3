import { imageAttributes } from './image.ts'
import { readConfig, type Processor } from './processor.ts'

const configType = 'application/vnd.wasm.config.v1+json'

/** WebAssembly, as an OCI artifact of its own or packed as an image. */
export const wasm: Processor = {
  type: 'WASM',
  isFor: ({ config, annotations }) =>
    config?.mediaType === configType ||
    ['compat', 'compat-smart'].includes(annotations['module.wasm.image/variant'] ?? '') ||
    annotations['run.oci.handler'] === 'wasm',
  async read(manifest, sources) {
    if (manifest.config?.mediaType !== configType) return imageAttributes(await readConfig(manifest, sources))
    const title = manifest.layers[0]?.annotations?.['org.opencontainers.image.title']
    return {
      'manifest.config.mediaType': configType,
      ...(title === undefined ? {} : { 'org.opencontainers.image.title': title }),
    }
  },
  additions: ['build_history'],
}
