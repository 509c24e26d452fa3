import { Type } from 'typebox'
import { operation } from './operation.ts'
import { idParam, pageQuery, ProjectEither } from './requests.ts'
import { RetentionPolicy } from './retention.ts'

const time = Type.String({ format: 'date-time' })
const count = Type.Integer()

/** What is done with an artifact or a tag, and why. */
export const RetentionDecision = Type.Object({
  kept: Type.Boolean(),
  reason: Type.String({
    description: 'rule, no-rule; or what keeps it against the rules: immutable, protected, running, index',
  }),
  rule: Type.Optional(Type.Integer({ description: 'the place of the rule, from 1; absent when no rule keeps it' })),
  value: Type.String({ description: 'the value that decided' }),
  until: Type.Optional(Type.String({ format: 'date-time', description: 'when the value ends to keep it' })),
})

const Counts = Type.Object({
  artifacts: count,
  tags: Type.Integer({ description: 'an artifact without tags counts as one' }),
  dropped_artifacts: count,
  dropped_tags: count,
})

const Tag = Type.Object({
  name: Type.String(),
  decision: RetentionDecision,
  before: Type.Optional(RetentionDecision),
})

const Artifact = Type.Object({
  repository: Type.String({ description: 'without its project' }),
  digest: Type.String(),
  push_time: Type.Optional(time),
  pull_time: Type.Optional(time),
  decision: RetentionDecision,
  before: Type.Optional(RetentionDecision),
  tags: Type.Array(Tag),
})

const params = Type.Object({ id: idParam, eid: idParam })
const tag = 'Retention'

export const previewRetention = operation({
  id: 'previewRetention',
  tag,
  method: 'POST',
  path: '/retentions/preview',
  summary: 'Say what rules would keep and delete now, why, and what they change; nothing is changed',
  body: Type.Object({
    project_id: idParam,
    policy: Type.Optional(
      Type.Object(
        { ...RetentionPolicy.properties },
        { description: 'rules that need not be saved; without them, those that are' },
      ),
    ),
    repository: Type.Optional(Type.String({ maxLength: 255, description: 'only this one, without its project' })),
    show: Type.Optional(Type.Union([Type.Literal('dropped'), Type.Literal('changed')])),
    rows: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 10_000, description: 'artifacts to name; 1000 if absent' }),
    ),
  }),
  status: 200,
  answer: Type.Object({
    totals: Counts,
    share: Type.Integer({ description: 'percent of the tags that would go' }),
    ask_above: Type.Integer({ description: 'percent above which a person should be asked before a run' }),
    changed_tags: Type.Integer({ description: 'tags that the saved rules decide otherwise' }),
    freed_bytes: Type.Integer({ description: 'bytes that nothing else needs' }),
    is_whole: Type.Boolean({ description: 'false when repositories were left out, as there are too many tags' }),
    repositories: Type.Array(Type.Object({ name: Type.String(), ...Counts.properties })),
    artifacts: Type.Array(Artifact),
  }),
})

export const explainRetention = operation({
  id: 'explainRetention',
  tag,
  method: 'GET',
  path: '/projects/{project_name_or_id}/repositories/{repository_name}/artifacts/{reference}/retention',
  summary: 'Say why an artifact or a tag is here, and until when',
  params: Type.Object({
    ...ProjectEither.properties,
    repository_name: Type.String({ minLength: 1, maxLength: 255 }),
    reference: Type.String({ minLength: 1, maxLength: 255, description: 'a tag or a digest' }),
  }),
  status: 200,
  answer: Type.Object({
    digest: Type.String(),
    tag: Type.Optional(Type.String()),
    kept: Type.Boolean({ description: 'true when each policy keeps it, also when there is none' }),
    policies: Type.Array(
      Type.Object({
        policy_id: Type.Integer(),
        level: Type.String({ description: 'project or system' }),
        next_run: Type.Optional(time),
        decision: RetentionDecision,
        rules: Type.Array(
          Type.Object({
            rule: Type.Optional(Type.Integer()),
            name: Type.String(),
            action: Type.String(),
            value: Type.String(),
            until: Type.Optional(time),
          }),
          { description: 'the rules that pick it, in order' },
        ),
      }),
    ),
  }),
})

export const convertRetention = operation({
  id: 'convertRetention',
  tag,
  method: 'GET',
  path: '/retentions/{id}/ordered',
  summary:
    'Show the rules of a policy as rules in order; Harbor’s become rules that keep and one that deletes the rest',
  params: Type.Object({ id: idParam }),
  status: 200,
  answer: Type.Object({
    decides: Type.String({ description: 'artifact: about all tags of an artifact together, as Harbor does; or tag' }),
    ordered_rules: Type.Array(Type.Object({ ...RetentionPolicy.properties.ordered_rules.items.properties })),
  }),
})

export const listSystemRetentions = operation({
  id: 'listSystemRetentions',
  tag,
  method: 'GET',
  path: '/system/retentions',
  summary: 'List the retention policies of the system',
  query: Type.Object(pageQuery),
  status: 200,
  answer: Type.Array(RetentionPolicy),
  page: true,
})

export const restoreRetention = operation({
  id: 'restoreRetentionExecution',
  tag,
  method: 'POST',
  path: '/retentions/{id}/executions/{eid}/restore',
  summary: 'Take a run back: restore all that it deleted',
  params,
  status: 200,
})

export const getRetentionRestore = operation({
  id: 'getRetentionRestore',
  tag,
  method: 'GET',
  path: '/retentions/{id}/executions/{eid}/restore',
  summary: 'Get how far the restore of a run is',
  params,
  status: 200,
  answer: Type.Object({
    status: Type.String({ description: 'None when no restore was asked for' }),
    restored: count,
    failed: count,
    restorable: Type.Integer({ description: 'deletions of the run that can be restored now' }),
    log: Type.String(),
  }),
})
