import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callApi, create } from '../../testing/api.ts'
import { fresh, givenProject, pushImage } from '../../testing/given.ts'
import { eventually } from '../../testing/http.ts'
import { openReceiver } from '../../testing/receiver.ts'
import { openTestMarina } from '../../testing/server.ts'
import { policyOf, repositories, rule } from './scene.suite.ts'

const marina = await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.0/8' })
after(() => marina[Symbol.asyncDispose]())

test('a webhook tells what a run did in each repository, in Harbor’s words; a dry run tells nothing', async () => {
  await using receiver = await openReceiver()
  const { admin } = marina
  const project = await givenProject(marina)
  for (const tag of ['v1', 'v2', 'v3']) await pushImage(marina, `${project.name}/app`, { tag })
  await create(marina, `/projects/${project.name}/webhook/policies`, admin, {
    name: fresh('hook'),
    event_types: ['TAG_RETENTION'],
    targets: [{ type: 'http', address: receiver.url }],
  })
  const keeps = rule('latestPushedK', 1, { scope_selectors: repositories('app') })
  const id = await create(marina, '/retentions', admin, policyOf(project.id, [keeps]))
  const run = async (isDryRun: boolean) => {
    await create(marina, `/retentions/${id}/executions`, admin, { dry_run: isDryRun })
    await eventually(async () => {
      const answer = await callApi(marina, 'GET', `/retentions/${id}/executions?page_size=1`, { as: admin })
      assert.equal((answer.json() as { status: string }[])[0]!.status, 'Success')
    })
  }
  await run(true)
  await run(false)
  await eventually(() => assert.equal(receiver.received.length, 1))
  const { type, operator, event_data } = JSON.parse(receiver.received[0]!.body) as Record<string, unknown>
  assert.deepEqual([type, operator], ['TAG_RETENTION', 'admin'])
  assert.deepEqual(event_data, {
    retention: {
      total: 3,
      retained: 1,
      harbor_hostname: 'localhost',
      project_name: project.name,
      retention_policy_id: id,
      retention_rule: [keeps],
      result: 'SUCCESS',
      deleted_artifact: ['app:v2', 'app:v1'].map((name_tag) => ({
        type: 'image',
        status: 'SUCCESS',
        name_tag,
        references: null,
      })),
    },
  })
})
