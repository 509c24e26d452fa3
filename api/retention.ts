import { Type } from 'typebox'
import { operation } from './operation.ts'
import { idParam, pageQuery, PageQuery } from './requests.ts'

const text = Type.Optional(Type.String())
const Attrs = Type.Record(Type.String(), Type.Unknown())

export const RetentionSelector = Type.Object({
  kind: text,
  decoration: text,
  pattern: text,
  extras: Type.Optional(Type.String({ description: 'JSON such as {"untagged":true}' })),
})

/** One rule in Harbor's form. */
export const RetentionRule = Type.Object({
  id: Type.Optional(Type.Integer()),
  priority: Type.Optional(Type.Integer({ minimum: -2147483648, maximum: 2147483647 })),
  disabled: Type.Optional(Type.Boolean()),
  action: text,
  template: text,
  params: Type.Optional(Attrs),
  tag_selectors: Type.Optional(Type.Array(RetentionSelector)),
  scope_selectors: Type.Optional(Type.Record(Type.String(), Type.Array(RetentionSelector))),
})

const days = Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'days before the run' }))

const Choice = Type.Object({
  pattern: Type.String(),
  excludes: Type.Optional(Type.Boolean({ description: 'choose what does not match' })),
})

/** One rule of a policy whose rules are tried in order. It picks what meets all of its conditions. */
export const OrderedRule = Type.Object({
  action: Type.Union([Type.Literal('keep'), Type.Literal('delete')]),
  name: Type.Optional(Type.String({ maxLength: 255 })),
  disabled: Type.Optional(Type.Boolean()),
  repositories: Type.Optional(Type.Array(Choice, { maxItems: 20, description: 'doublestar patterns' })),
  tags: Type.Optional(
    Type.Array(
      Type.Object({
        ...Choice.properties,
        kind: Type.Optional(Type.Union([Type.Literal('doublestar'), Type.Literal('regex')])),
        untagged: Type.Optional(Type.Boolean({ description: 'choose artifacts without tags; false when absent' })),
      }),
      { maxItems: 20, description: 'none: every tag, and artifacts without tags' },
    ),
  ),
  labels: Type.Optional(Type.Array(Type.String({ maxLength: 128 }), { maxItems: 100, description: 'one is enough' })),
  signed: Type.Optional(Type.Boolean()),
  pushed_within_days: days,
  pulled_within_days: days,
  not_pushed_days: days,
  not_pulled_days: days,
  newest: Type.Optional(
    Type.Object({
      count: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
      by: Type.Optional(
        Type.Union([Type.Literal('pushed'), Type.Literal('pulled'), Type.Literal('active'), Type.Literal('version')]),
      ),
      per: Type.Optional(
        Type.Union([Type.Literal('repository'), Type.Literal('major'), Type.Literal('minor'), Type.Literal('pattern')]),
      ),
      pattern: Type.Optional(Type.String({ description: 'a regular expression; its first group names the group' })),
    }),
  ),
})

const Trigger = Type.Object({
  kind: text,
  settings: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  references: Type.Optional(Attrs),
})

const policy = {
  id: Type.Optional(Type.Integer()),
  algorithm: Type.Optional(Type.String({ description: 'or: Harbor’s rules; ordered: the first rule decides' })),
  rules: Type.Optional(Type.Union([Type.Array(RetentionRule), Type.Null()])),
  ordered_rules: Type.Optional(Type.Array(OrderedRule, { maxItems: 100, description: 'with the algorithm ordered' })),
  trigger: Type.Optional(Trigger),
  scope: Type.Optional(
    Type.Object({
      level: Type.Optional(Type.String({ description: 'project or system' })),
      ref: Type.Optional(
        Type.Integer({
          minimum: Number.MIN_SAFE_INTEGER,
          maximum: Number.MAX_SAFE_INTEGER,
          description: 'the id of the project',
        }),
      ),
      projects: Type.Optional(
        Type.Array(Choice, { maxItems: 20, description: 'which projects a policy of the system is for; none: all' }),
      ),
      also_with_own: Type.Optional(Type.Boolean({ description: 'also projects that have a policy of their own' })),
    }),
  ),
}

export const RetentionPolicy = Type.Object(policy)

const RuleMetadata = Type.Object({
  rule_template: Type.String(),
  display_text: Type.String(),
  action: Type.String(),
  params: Type.Array(Type.Object({ type: Type.String(), unit: Type.String(), required: Type.Boolean() })),
})
const SelectorMetadata = Type.Object({
  kind: Type.String(),
  display_text: Type.String(),
  decorations: Type.Array(Type.String()),
})
export const RetentionMetadata = Type.Object({
  templates: Type.Array(RuleMetadata),
  scope_selectors: Type.Array(SelectorMetadata),
  tag_selectors: Type.Array(SelectorMetadata),
})

export const RetentionExecution = Type.Object({
  id: Type.Integer(),
  policy_id: Type.Integer(),
  start_time: Type.String(),
  end_time: Type.String(),
  status: Type.String(),
  trigger: Type.String(),
  dry_run: Type.Boolean(),
  status_message: Type.String({ description: 'why it stopped, such as a share of tags that is too large' }),
})

export const RetentionTask = Type.Object({
  id: Type.Integer(),
  execution_id: Type.Integer(),
  repository: Type.String(),
  job_id: Type.String(),
  status: Type.String(),
  status_code: Type.Integer(),
  status_revision: Type.Integer(),
  start_time: Type.String(),
  end_time: Type.String(),
  total: Type.Integer(),
  retained: Type.Integer(),
})

const tag = 'Retention'
const path = '/retentions/{id}'
const runs = `${path}/executions`
const run = `${runs}/{eid}`
const params = Type.Object({ id: idParam })
const runParams = Type.Object({ id: idParam, eid: idParam })

export const getRetentionMetadata = operation({
  id: 'getRentenitionMetadata',
  tag,
  method: 'GET',
  path: '/retentions/metadatas',
  summary: 'List the templates of rules and the kinds of selectors',
  status: 200,
  answer: RetentionMetadata,
})

export const createRetention = operation({
  id: 'createRetention',
  tag,
  method: 'POST',
  path: '/retentions',
  summary: 'Create the retention policy of a project, or one of the system',
  body: RetentionPolicy,
  status: 201,
})

export const getRetention = operation({
  id: 'getRetention',
  tag,
  method: 'GET',
  path,
  summary: 'Get a retention policy',
  params,
  status: 200,
  answer: RetentionPolicy,
})

export const updateRetention = operation({
  id: 'updateRetention',
  tag,
  method: 'PUT',
  path,
  summary: 'Change a retention policy',
  params,
  body: RetentionPolicy,
  status: 200,
})

export const deleteRetention = operation({
  id: 'deleteRetention',
  tag,
  method: 'DELETE',
  path,
  summary: 'Delete a retention policy, with its schedule',
  params,
  status: 200,
})

export const triggerRetentionExecution = operation({
  id: 'triggerRetentionExecution',
  tag,
  method: 'POST',
  path: runs,
  summary: 'Run a retention policy now',
  params,
  body: Type.Object({
    dry_run: Type.Optional(Type.Boolean({ description: 'change nothing' })),
    max_share: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 100,
        description: 'percent of a project’s tags: a run that would delete more ends before it deletes anything',
      }),
    ),
  }),
  status: 201,
})

export const listRetentionExecutions = operation({
  id: 'listRetentionExecutions',
  tag,
  method: 'GET',
  path: runs,
  summary: 'List the runs of a retention policy, newest first',
  params,
  query: PageQuery,
  status: 200,
  answer: Type.Array(RetentionExecution),
  page: true,
})

export const operateRetentionExecution = operation({
  id: 'operateRetentionExecution',
  tag,
  method: 'PATCH',
  path: run,
  summary: 'Stop a run',
  params: runParams,
  body: Type.Object({ action: Type.Optional(Type.String({ description: 'stop' })) }),
  status: 200,
})

export const listRetentionTasks = operation({
  id: 'listRetentionTasks',
  tag,
  method: 'GET',
  path: `${run}/tasks`,
  summary: 'List the tasks of a run, one for each repository',
  params: runParams,
  query: Type.Object(pageQuery),
  status: 200,
  answer: Type.Array(RetentionTask),
  page: true,
})

export const getRetentionTaskLog = operation({
  id: 'getRetentionTaskLog',
  tag,
  method: 'GET',
  path: `${run}/tasks/{tid}`,
  summary: 'Get the log of one repository',
  params: Type.Object({ ...runParams.properties, tid: idParam }),
  status: 200,
  answer: Type.String(),
})
