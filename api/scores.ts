import { Type } from './type.ts'
import { operation } from './operation.ts'
import { ownBounds, pageQuery, says } from './requests.ts'

const hundredths = (description: string) =>
  Type.Integer({ minimum: 0, maximum: 100, ...ownBounds, description: `${description}, in hundredths` })

export const ScoreTier = Type.Object({
  from: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, ...ownBounds, description: 'the least value' }),
  below: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      ...ownBounds,
      description: 'values are less than this; absent: without an end',
    }),
  ),
  multiplier: hundredths('how much of the weight these values earn'),
})

export const ScoreFactor = Type.Object({
  weight: hundredths('how much this factor counts; all weights add up to 100 at most'),
  tiers: Type.Array(ScoreTier, { maxItems: 10, ...ownBounds }),
  beyond: hundredths('the multiplier of values that are in no tier'),
})

export const ScoreFactors = Type.Object({
  last_pull_days: ScoreFactor,
  pull_count: ScoreFactor,
  tags_count: ScoreFactor,
  age_days: ScoreFactor,
})

const Preset = Type.Union([Type.Literal('default'), Type.Literal('few-tags')])

/** The name of a preset, or factors of one's own. */
export const ScoreRulesReq = Type.Object({
  preset: Type.Optional(Preset),
  factors: Type.Optional(ScoreFactors),
})

const Combination = Type.Record(Type.String(), Type.String(), { description: 'the tier of each factor with a weight' })

export const ScoreRules = Type.Object({
  preset: Type.Union([Type.Literal('default'), Type.Literal('few-tags'), Type.Literal('custom')]),
  factors: ScoreFactors,
  combinations: Type.Integer({ description: 'of tiers' }),
  scores: Type.Integer({ description: 'how many different scores these reach' }),
  lowest: Type.Integer({ description: 'the lowest score, in hundredths' }),
  highest: Type.Integer({ description: 'the highest score, in hundredths' }),
  ties: Type.Array(Type.Object({ score: Type.Integer(), combinations: Type.Array(Combination) }), {
    description: 'scores that several combinations reach: such repositories are told apart by their last pull alone',
  }),
})

/** A repository with how much it is used. Absent times: it was never pulled, or holds nothing that was pushed. */
export const UsedRepository = Type.Object({
  id: Type.Integer(),
  project_id: Type.Integer(),
  name: Type.String(),
  description: Type.String(),
  pull_count: Type.Integer(),
  star_count: Type.Integer({ description: 'always 0: Marina has no stars' }),
  tags_count: Type.Integer(),
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
  last_pull_time: Type.Optional(Type.String({ format: 'date-time' })),
  last_push_time: Type.Optional(
    Type.String({ format: 'date-time', description: 'the newest push of what the repository still holds' }),
  ),
})

const ScoreShare = Type.Object({
  value: Type.Integer({ description: 'what was measured: days, pulls or tags' }),
  tier: Type.String({ description: 'the tier that the value is in, such as "8 to 30"' }),
  weight: Type.Integer({ description: 'in hundredths' }),
  multiplier: Type.Integer({ description: 'in hundredths' }),
  share: Type.Integer({ description: 'weight × multiplier, in hundredths' }),
})

export const ScoredRepository = Type.Object({
  ...UsedRepository.properties,
  score: Type.Integer({ description: 'in hundredths: 85 is 0.85; low: little used' }),
  running: Type.Optional(Type.Boolean({ description: 'true: a cluster runs something of it, so that it stays' })),
  running_in: Type.Optional(Type.String({ description: 'where, for those who may delete the repository' })),
  factors: Type.Record(Type.String(), ScoreShare, { description: 'each factor that has a weight' }),
})

export const LowestRepositories = Type.Object({
  repositories: Type.Array(ScoredRepository, { description: 'lowest first' }),
  running: Type.Array(ScoredRepository, {
    description: 'those that would stand among them but are not to be deleted, as a cluster runs something of them',
  }),
  freed_bytes: Type.Integer({ description: 'what a collection would free after their deletion' }),
  restorable_seconds: Type.Integer({ description: 'how long such a deletion could be taken back' }),
})

export const SimulatedRepository = Type.Object({
  ...ScoredRepository.properties,
  failed_pulls: Type.Integer({ description: 'pulls that would have failed' }),
  last_failed_day: Type.Optional(Type.String({ format: 'date' })),
  pulls: Type.Array(
    Type.Object({
      day: Type.String({ format: 'date' }),
      digest: Type.Optional(Type.String({ description: 'absent when the artifact is deleted' })),
      count: Type.Integer(),
    }),
    { description: 'the newest hundred days and artifacts of these pulls' },
  ),
})

export const Simulation = Type.Object({
  from: Type.String({ format: 'date', description: 'the day, in UTC, at whose beginning the deletion is simulated' }),
  recorded_from: Type.Optional(
    Type.String({ format: 'date', description: 'the oldest day with recorded pulls: earlier ones are not known' }),
  ),
  failed_pulls: Type.Integer({ description: 'of all these repositories together' }),
  repositories: Type.Array(SimulatedRepository, { description: 'lowest score at that time first' }),
})

export const SimulationReq = Type.Object({
  days: Type.Integer({ minimum: 1, maximum: 366, ...ownBounds, description: 'the last so many days, with today' }),
  count: Type.Integer({ minimum: 1, maximum: 100, ...ownBounds, description: 'how many are deleted' }),
  project_ids: Type.Optional(Type.Array(Type.Integer(), { maxItems: 1000, ...ownBounds })),
  preset: Type.Optional(Preset),
  factors: Type.Optional(ScoreFactors),
})

const projectIds = Type.Optional(
  Type.String({
    maxLength: 8000,
    pattern: '^(?:\\d{1,15}(?:,\\d{1,15})*)?$',
    ...says('ids with commas between'),
    ...ownBounds,
    description: 'only repositories of these projects: ids with commas between; empty: of none',
  }),
)
const tag = 'repository'

export const listTopRepositories = operation({
  id: 'listTopRepositories',
  tag,
  method: 'GET',
  path: '/repositories/top',
  summary: 'List the repositories with the most pulls',
  query: Type.Object({
    count: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, ...ownBounds, default: 10, description: 'how many at most' }),
    ),
    project_ids: projectIds,
  }),
  status: 200,
  answer: Type.Array(UsedRepository),
})

export const listRepositoryScores = operation({
  id: 'listRepositoryScores',
  tag,
  method: 'GET',
  path: '/repositories/scores',
  summary: 'List the repositories by how much they are used, the least used first',
  query: Type.Object({
    preset: Type.Optional(Preset),
    project_ids: projectIds,
    ...pageQuery,
  }),
  status: 200,
  answer: Type.Array(ScoredRepository),
  page: true,
})

export const listLowestRepositories = operation({
  id: 'listLowestRepositories',
  tag,
  method: 'GET',
  path: '/repositories/scores/lowest',
  summary: 'List the least used repositories that the caller may delete, with the bytes that this would free',
  query: Type.Object({
    count: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100, ...ownBounds, default: 10, description: 'how many at most' }),
    ),
    preset: Type.Optional(Preset),
    project_ids: projectIds,
  }),
  status: 200,
  answer: LowestRepositories,
})

export const simulateRepositoryScores = operation({
  id: 'simulateRepositoryScores',
  tag,
  method: 'POST',
  path: '/repositories/scores/simulate',
  summary: 'Find the pulls that would have failed if the least used repositories had been deleted some days ago',
  body: SimulationReq,
  status: 200,
  answer: Simulation,
})

export const getScoreRules = operation({
  id: 'getScoreRules',
  tag,
  method: 'GET',
  path: '/system/scores',
  summary: 'Get the rules by which repositories are scored, and which scores cannot be told apart',
  status: 200,
  answer: ScoreRules,
})

export const updateScoreRules = operation({
  id: 'updateScoreRules',
  tag,
  method: 'PUT',
  path: '/system/scores',
  summary: 'Set the rules by which repositories are scored: a preset, or factors of your own',
  body: ScoreRulesReq,
  status: 200,
  answer: ScoreRules,
})
