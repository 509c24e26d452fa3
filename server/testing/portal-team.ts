import assert from 'node:assert/strict'
import { pushImage } from './given.ts'
import { eventually, expectAnswer, type Person } from './http.ts'
import type { Receiver } from './receiver.ts'
import { openRest, type Rest } from './rest.ts'
import type { TestMarina } from './server.ts'

/**
 * Fills the project `team` with labels, robots, rules, webhooks and deletions, and the system with a label, a robot and
 * a webhook. The webhook `deployments` delivers to `receiver`; `broken` does not reach its target.
 */
export async function givenPortalTeam(marina: TestMarina, as: Person, receiver: Receiver): Promise<void> {
  const rest = openRest(marina)
  const made = async (path: string, body: unknown) => {
    const { headers } = expectAnswer(await rest('POST', path, as, body), 201)
    return Number(headers.location?.split('/').at(-1))
  }
  const project = expectAnswer(await rest('GET', '/projects/team', as), 200).json() as { project_id: number }
  await givenLabels(made, project.project_id)
  await givenRobots(made, rest, as)
  await givenRules(made, project.project_id)
  await givenDeletions(marina, rest, as)
  await givenWebhooks(made, rest, as, receiver)
}

type Made = (path: string, body: unknown) => Promise<number>

async function givenLabels(made: Made, projectId: number): Promise<void> {
  for (const [name, color, description] of [
    ['production', '#2f7d4f', 'runs where customers see it'],
    ['needs-review', '#b35c00', 'somebody should look at it'],
    ['<b>bold</b>', '#b3261e', 'a name that looks like markup'],
  ]) {
    await made('/labels', { name, color, description, scope: 'p', project_id: projectId })
  }
  await made('/labels', { name: 'approved', color: '#2456a6', description: 'checked by security', scope: 'g' })
}

async function givenRobots(made: Made, rest: Rest, as: Person): Promise<void> {
  const access = (...rights: string[]) =>
    rights.map((one) => ({ resource: one.split(':')[0], action: one.split(':')[1] }))
  const inTeam = (...rights: string[]) => [{ kind: 'project', namespace: 'team', access: access(...rights) }]
  const robot = { level: 'project', duration: 90, description: '' }
  await made('/robots', {
    ...robot,
    name: 'ci',
    description: 'builds of the main branch',
    permissions: inTeam('repository:pull', 'repository:push', 'artifact:read', 'tag:list'),
  })
  await made('/robots', { ...robot, name: 'cluster', duration: -1, permissions: inTeam('repository:pull') })
  const old = { ...robot, name: 'old-scanner', duration: 5, permissions: inTeam('repository:pull', 'scan:create') }
  const id = await made('/robots', old)
  const known = expectAnswer(await rest('GET', `/robots/${id}`, as), 200).json() as object
  expectAnswer(await rest('PUT', `/robots/${id}`, as, { ...known, disable: true }), 200)
  const everywhere = [{ kind: 'project', namespace: '*', access: access('repository:pull') }]
  await made('/robots', { ...robot, level: 'system', name: 'mirror', permissions: everywhere })
}

async function givenRules(made: Made, projectId: number): Promise<void> {
  await made('/projects/team/immutabletagrules', {
    tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: 'v*' }],
    scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
  })
  await made('/retentions', {
    algorithm: 'ordered',
    ordered_rules: [
      { action: 'keep', name: 'releases', tags: [{ pattern: '1.*' }], newest: { count: 2, by: 'pushed' } },
      { action: 'keep', name: 'in use', repositories: [{ pattern: 'api' }] },
      { action: 'delete', name: 'the rest', tags: [{ pattern: 'latest', excludes: true }] },
    ],
    trigger: { kind: 'Schedule', settings: { cron: '0 0 3 * * *' } },
    scope: { level: 'project', ref: projectId },
  })
}

/** Three deletions in the trash: a tag, an artifact and a repository. */
async function givenDeletions(marina: TestMarina, rest: Rest, as: Person): Promise<void> {
  const [wrong] = [await pushImage(marina, 'team/trial', { as, tag: 'wrong' })]
  await pushImage(marina, 'team/trial', { as, tag: 'right' })
  await pushImage(marina, 'team/legacy', { as, tag: '0.9' })
  for (const path of [
    '/projects/team/repositories/trial/artifacts/right/tags/right',
    `/projects/team/repositories/trial/artifacts/${wrong.digest}`,
    '/projects/team/repositories/legacy',
  ]) {
    expectAnswer(await rest('DELETE', path, as), 200)
  }
}

async function givenWebhooks(made: Made, rest: Rest, as: Person, receiver: Receiver): Promise<void> {
  receiver.answer(({ path }) =>
    path === '/broken' ? { status: 503, body: 'out of order' } : { status: 200, body: '{"ok":true}' },
  )
  const policies = '/projects/team/webhook/policies'
  const hook = (name: string, path: string, events: string[]) => ({
    name,
    enabled: true,
    event_types: events,
    targets: [{ type: 'http', address: `${receiver.url}${path}`, secret: 'a-secret-that-only-we-two-know' }],
  })
  const id = await made(policies, hook('deployments', '/deploy', ['PUSH_ARTIFACT', 'DELETE_ARTIFACT']))
  const broken = await made(policies, hook('broken', '/broken', ['TAG_RETENTION']))
  await made('/system/webhook/policies', hook('everything', '/all', ['REPLICATION', 'QUOTA_EXCEED']))
  for (const [policy, type] of [
    [id, 'PUSH_ARTIFACT'],
    [broken, 'TAG_RETENTION'],
  ]) {
    expectAnswer(await rest('POST', `${policies}/${policy}/test`, as, { event_type: type }), 200)
    await eventually(async () => {
      const answer = expectAnswer(await rest('GET', `${policies}/${policy}/executions`, as), 200)
      const [newest] = answer.json() as { status: string }[]
      assert.ok(newest && newest.status !== 'Pending')
    })
  }
}
