import type { Processor } from './processor.ts'

const configType = 'application/vnd.buildkit.cacheconfig.v0'

/** BuildKit's cache (`--cache-to type=registry`): an image that cannot run, or an index of layers. */
export const buildCache: Processor = {
  type: 'CACHE',
  isFor: ({ config, children }) =>
    config?.mediaType === configType || children.some(({ mediaType }) => mediaType === configType),
  read: async () => ({}),
  additions: [],
}
