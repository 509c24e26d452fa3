import { Platform } from './artifacts.ts'
import { RepositoryPath } from './repositories.ts'
import { operation } from './operation.ts'
import { nameParam, ownBounds } from './requests.ts'
import { Type } from './type.ts'

const text = Type.Optional(Type.String())

export const ComparedArtifact = Type.Object({
  repository_name: Type.String(),
  digest: Type.String(),
  type: Type.String(),
  manifest_media_type: Type.String(),
  size: Type.Integer({ description: 'bytes' }),
  push_time: Type.String({ format: 'date-time' }),
  platform: Type.Optional(Platform),
})

/** `command`: the step of the build history that made the layer, where the history has one for each layer. */
export const ComparedLayer = Type.Object({
  digest: Type.String(),
  media_type: Type.String(),
  size: Type.Integer({ description: 'bytes' }),
  command: text,
})

/** A value that differs; without `before` it is new, without `after` it is gone. */
export const Difference = Type.Object({
  kind: Type.String({ description: 'of the config: env, label, port, volume or setting; else annotation' }),
  name: Type.String(),
  before: text,
  after: text,
})

/** A platform of either index, with the digest of its manifest on each side. */
export const ComparedPlatform = Type.Object({ platform: Platform, before: text, after: text })

/**
 * `before` is the artifact of the path, `after` the one it is compared with. Images have `config` and `layers`, indexes
 * have `platforms`.
 */
export const Comparison = Type.Object({
  before: ComparedArtifact,
  after: ComparedArtifact,
  config: Type.Optional(Type.Array(Difference)),
  layers: Type.Optional(
    Type.Object({
      shared: Type.Array(ComparedLayer),
      removed: Type.Array(ComparedLayer),
      added: Type.Array(ComparedLayer),
    }),
  ),
  annotations: Type.Array(Difference),
  platforms: Type.Optional(Type.Array(ComparedPlatform)),
})

export const compareArtifacts = operation({
  id: 'compareArtifacts',
  tag: 'artifact',
  method: 'GET',
  path: '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/compare',
  summary: 'What differs between two artifacts: config, layers, annotations, platforms',
  params: Type.Object({ ...RepositoryPath.properties, reference: nameParam }),
  query: Type.Object({
    with: Type.String({
      minLength: 1,
      maxLength: 1024,
      ...ownBounds,
      description:
        'a tag or a digest of the same repository, or project/repository:tag or project/repository@digest; ' +
        'that needs the right to read there, too',
    }),
    platform: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        ...ownBounds,
        description: 'os/architecture or os/architecture/variant: compares that part of an index instead of the index',
      }),
    ),
  }),
  status: 200,
  answer: Comparison,
})
