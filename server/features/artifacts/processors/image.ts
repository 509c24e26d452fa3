import { readConfig, type Attributes, type Processor } from './processor.ts'

const configTypes = ['application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json']

/** Whether a config of this media type is that of an image that runs. */
export const isImageConfig = (mediaType: string) => configTypes.includes(mediaType)

export const image: Processor = {
  type: 'IMAGE',
  isFor: ({ kind, config, artifactType }) =>
    kind === 'image' &&
    configTypes.includes(config!.mediaType) &&
    (artifactType === undefined || configTypes.includes(artifactType)),
  read: async (manifest, sources) => imageAttributes(await readConfig(manifest, sources)),
  additions: ['build_history'],
}

/** Attributes of an image's config. The author may also be in the label `maintainer`, which replaced MAINTAINER. */
export function imageAttributes({ author, created, os, architecture, config, ...more }: Attributes): Attributes {
  const labels = typeof config === 'object' && config !== null ? (config as { Labels?: unknown }).Labels : undefined
  const maintainer = typeof labels === 'object' && labels !== null ? (labels as Attributes)['maintainer'] : undefined
  const variant = more['variant']
  return {
    architecture: text(architecture),
    author: text(author) || text(maintainer),
    created: text(created),
    os: text(os),
    ...(typeof variant === 'string' ? { variant } : {}),
    config: config ?? {},
  }
}

const text = (value: unknown) => (typeof value === 'string' ? value : '')
