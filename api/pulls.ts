import { Type } from './type.ts'
import { operation } from './operation.ts'
import { ownBounds, ProjectName } from './requests.ts'

/** Pulls on one day in UTC. */
const PullsOfDay = Type.Object({
  day: Type.String({ format: 'date' }),
  count: Type.Integer(),
})

/** Every day of the time, oldest first, also those without a pull. */
const Pulls = Type.Object({
  days: Type.Array(PullsOfDay),
  total: Type.Integer({ description: 'pulls on all these days' }),
  kept_days: Type.Integer({ description: 'days for which pulls are kept; 0: they are not recorded' }),
})

/**
 * The repository stands in the query: below its path, `pulls` could be the last part of a name that a client has not
 * encoded.
 */
export const getPulls = operation({
  id: 'getRepositoryPulls',
  tag: 'repository',
  method: 'GET',
  path: '/projects/{project_name}/pulls',
  summary: 'Pulls of a repository by day, or of one of its artifacts, or of a tag whatever it named',
  params: ProjectName,
  query: Type.Object({
    repository: Type.String({
      minLength: 1,
      maxLength: 1024,
      ...ownBounds,
      description: 'name of the repository, without the project',
    }),
    days: Type.Optional(Type.Integer({ minimum: 1, maximum: 366, default: 30, ...ownBounds })),
    tag: Type.Optional(Type.String({ minLength: 1, maxLength: 128, ...ownBounds })),
    digest: Type.Optional(Type.String({ minLength: 1, maxLength: 255, ...ownBounds })),
  }),
  status: 200,
  answer: Pulls,
})
