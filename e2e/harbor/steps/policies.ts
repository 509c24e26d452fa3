import type { Step } from '../side.ts'

/** Robots, retention, immutable rules and webhooks. */
export const policies: Step[] = [
  {
    what: 'make a robot of a project',
    ask: 'POST /robots',
    body: {
      name: 'ci',
      duration: 30,
      level: 'project',
      description: 'for CI',
      permissions: [
        {
          kind: 'project',
          namespace: 'p-{n}',
          access: [
            { resource: 'repository', action: 'pull' },
            { resource: 'repository', action: 'push' },
          ],
        },
      ],
    },
    keep: { robot: 'location', 'secret of robot$p-{n}+ci': 'secret' },
  },
  {
    what: 'make the robot twice',
    ask: 'POST /robots',
    body: {
      name: 'ci',
      duration: 30,
      level: 'project',
      permissions: [{ kind: 'project', namespace: 'p-{n}', access: [{ resource: 'repository', action: 'pull' }] }],
    },
  },
  {
    what: 'make a robot of the system',
    ask: 'POST /robots',
    body: {
      name: 'sys-{n}',
      duration: -1,
      level: 'system',
      permissions: [
        { kind: 'project', namespace: '*', access: [{ resource: 'repository', action: 'pull' }] },
        { kind: 'system', namespace: '/', access: [{ resource: 'project', action: 'create' }] },
      ],
    },
    keep: { system: 'location' },
  },
  {
    what: 'robot with a bad name',
    ask: 'POST /robots',
    body: {
      name: 'A b',
      duration: 1,
      level: 'system',
      permissions: [{ kind: 'project', namespace: '*', access: [{ resource: 'repository', action: 'pull' }] }],
    },
  },
  {
    what: 'robot without permissions',
    ask: 'POST /robots',
    body: { name: 'none-{n}', duration: 1, level: 'system', permissions: [] },
  },
  {
    what: 'robot with a bad level',
    ask: 'POST /robots',
    body: {
      name: 'level-{n}',
      duration: 1,
      level: 'galaxy',
      permissions: [{ kind: 'project', namespace: '*', access: [{ resource: 'repository', action: 'pull' }] }],
    },
  },
  {
    what: 'robot with duration 0',
    ask: 'POST /robots',
    body: {
      name: 'zero-{n}',
      duration: 0,
      level: 'system',
      permissions: [{ kind: 'project', namespace: '*', access: [{ resource: 'repository', action: 'pull' }] }],
    },
  },
  {
    what: 'robot with an unknown right',
    ask: 'POST /robots',
    body: {
      name: 'right-{n}',
      duration: 1,
      level: 'system',
      permissions: [{ kind: 'project', namespace: '*', access: [{ resource: 'apple', action: 'eat' }] }],
    },
  },
  {
    what: 'robot of an absent project',
    ask: 'POST /robots',
    body: {
      name: 'gone-{n}',
      duration: 1,
      level: 'project',
      permissions: [{ kind: 'project', namespace: 'absent-{n}', access: [{ resource: 'repository', action: 'pull' }] }],
    },
  },
  { what: 'robot', ask: 'GET /robots/{robot}' },
  { what: 'absent robot', ask: 'GET /robots/99999' },
  { what: 'robots', ask: 'GET /robots?q=Level=project,ProjectID={project}' },
  { what: 'robots of the system', ask: 'GET /robots?q=name=~sys-{n}' },
  {
    what: 'change robot',
    ask: 'PUT /robots/{robot}',
    body: {
      id: '{robot as number}',
      name: 'robot$p-{n}+ci',
      duration: 60,
      level: 'project',
      description: 'changed',
      disable: true,
      permissions: [{ kind: 'project', namespace: 'p-{n}', access: [{ resource: 'repository', action: 'pull' }] }],
    },
  },
  { what: 'changed robot', ask: 'GET /robots/{robot}' },
  {
    what: 'rename robot',
    ask: 'PUT /robots/{robot}',
    body: {
      name: 'other',
      duration: 60,
      level: 'project',
      permissions: [{ kind: 'project', namespace: 'p-{n}', access: [{ resource: 'repository', action: 'pull' }] }],
    },
  },
  { what: 'refresh a secret', ask: 'PATCH /robots/{robot}', body: { secret: 'Robot12345' } },
  { what: 'refresh a secret at random', ask: 'PATCH /robots/{robot}', body: {} },
  { what: 'weak secret', ask: 'PATCH /robots/{robot}', body: { secret: 'weak' } },
  { what: 'robots of a project by its operation', ask: 'GET /projects/p-{n}/robots' },
  { what: 'drop robot', ask: 'DELETE /robots/{robot}' },
  { what: 'drop robot twice', ask: 'DELETE /robots/{robot}' },

  { what: 'retention metadata', ask: 'GET /retentions/metadatas' },
  {
    what: 'make retention',
    ask: 'POST /retentions',
    body: {
      algorithm: 'or',
      scope: { level: 'project', ref: '{project as number}' },
      trigger: { kind: 'Schedule', references: {}, settings: { cron: '0 0 0 * * *' } },
      rules: [
        {
          action: 'retain',
          disabled: false,
          params: { latestPushedK: 3 },
          scope_selectors: { repository: [{ decoration: 'repoMatches', kind: 'doublestar', pattern: '**' }] },
          tag_selectors: [{ decoration: 'matches', kind: 'doublestar', pattern: '**', extras: '{"untagged":true}' }],
          template: 'latestPushedK',
        },
      ],
    },
    keep: { retention: 'location' },
  },
  { what: 'retention', ask: 'GET /retentions/{retention}' },
  { what: 'metadata of a project with retention', ask: 'GET /projects/p-{n}' },
  { what: 'retention of a scope without rules', ask: 'POST /retentions', body: {} },
  { what: 'absent retention', ask: 'GET /retentions/99999' },
  { what: 'dry run', ask: 'POST /retentions/{retention}/executions', body: { dry_run: true } },
  {
    what: 'runs of retention',
    ask: 'GET /retentions/{retention}/executions',
    until: { at: '0.status', is: ['Success', 'Succeed', 'Error'] },
    keep: { run: '0.id' },
  },
  { what: 'tasks of retention', ask: 'GET /retentions/{retention}/executions/{run}/tasks' },
  { what: 'stop a run that is over', ask: 'PATCH /retentions/{retention}/executions/{run}', body: { action: 'stop' } },
  { what: 'drop retention', ask: 'DELETE /retentions/{retention}' },
  { what: 'drop retention twice', ask: 'DELETE /retentions/{retention}' },

  {
    what: 'make an immutable rule',
    ask: 'POST /projects/p-{n}/immutabletagrules',
    body: {
      template: 'immutable_template',
      action: 'immutable',
      tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: 'v*' }],
      scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
    },
    keep: { rule: 'location' },
  },
  {
    what: 'make the rule twice',
    ask: 'POST /projects/p-{n}/immutabletagrules',
    body: {
      template: 'immutable_template',
      action: 'immutable',
      tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: 'v*' }],
      scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
    },
  },
  { what: 'rules', ask: 'GET /projects/p-{n}/immutabletagrules' },
  {
    what: 'disable a rule',
    ask: 'PUT /projects/p-{n}/immutabletagrules/{rule}',
    body: { id: '{rule as number}', disabled: true },
  },
  { what: 'rules after a change', ask: 'GET /projects/p-{n}/immutabletagrules' },
  { what: 'change an absent rule', ask: 'PUT /projects/p-{n}/immutabletagrules/99999', body: { disabled: true } },
  { what: 'drop rule', ask: 'DELETE /projects/p-{n}/immutabletagrules/{rule}' },
  { what: 'drop rule twice', ask: 'DELETE /projects/p-{n}/immutabletagrules/{rule}' },

  { what: 'empty rule', ask: 'POST /projects/p-{n}/immutabletagrules', body: {} },
  { what: 'webhook events', ask: 'GET /projects/p-{n}/webhook/events' },
  {
    what: 'make a webhook',
    ask: 'POST /projects/p-{n}/webhook/policies',
    body: {
      name: 'hook',
      description: 'd',
      enabled: true,
      event_types: ['PUSH_ARTIFACT', 'DELETE_ARTIFACT'],
      targets: [
        {
          type: 'http',
          address: 'http://127.0.0.1:1',
          auth_header: 'Bearer x',
          skip_cert_verify: true,
          payload_format: 'Default',
        },
      ],
    },
    keep: { hook: 'location' },
  },
  {
    what: 'make the webhook twice',
    ask: 'POST /projects/p-{n}/webhook/policies',
    body: {
      name: 'hook',
      enabled: true,
      event_types: ['PUSH_ARTIFACT'],
      targets: [{ type: 'http', address: 'http://127.0.0.1:1' }],
    },
  },
  {
    what: 'webhook without targets',
    ask: 'POST /projects/p-{n}/webhook/policies',
    body: { name: 'hook2', enabled: true, event_types: ['PUSH_ARTIFACT'], targets: [] },
  },
  {
    what: 'webhook with an unknown event',
    ask: 'POST /projects/p-{n}/webhook/policies',
    body: {
      name: 'hook3',
      enabled: true,
      event_types: ['APPLE'],
      targets: [{ type: 'http', address: 'http://127.0.0.1:1' }],
    },
  },
  { what: 'webhooks', ask: 'GET /projects/p-{n}/webhook/policies' },
  { what: 'webhook', ask: 'GET /projects/p-{n}/webhook/policies/{hook}' },
  { what: 'absent webhook', ask: 'GET /projects/p-{n}/webhook/policies/99999' },
  {
    what: 'change webhook',
    ask: 'PUT /projects/p-{n}/webhook/policies/{hook}',
    body: {
      name: 'hook',
      enabled: false,
      event_types: ['PULL_ARTIFACT'],
      targets: [{ type: 'http', address: 'http://127.0.0.1:1', payload_format: 'CloudEvents' }],
    },
  },
  { what: 'changed webhook', ask: 'GET /projects/p-{n}/webhook/policies/{hook}' },
  { what: 'last triggers', ask: 'GET /projects/p-{n}/webhook/lasttrigger' },
  { what: 'jobs of a webhook', ask: 'GET /projects/p-{n}/webhook/jobs?policy_id={hook}' },
  { what: 'executions of a webhook', ask: 'GET /projects/p-{n}/webhook/policies/{hook}/executions' },
  { what: 'drop webhook', ask: 'DELETE /projects/p-{n}/webhook/policies/{hook}' },
  { what: 'drop webhook twice', ask: 'DELETE /projects/p-{n}/webhook/policies/{hook}' },

  {
    what: 'webhook with a bad address',
    ask: 'POST /projects/p-{n}/webhook/policies',
    body: {
      name: 'hook4',
      enabled: true,
      event_types: ['PUSH_ARTIFACT'],
      targets: [{ type: 'http', address: 'nowhere' }],
    },
  },
]
