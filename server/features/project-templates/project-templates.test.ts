import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, factsSince, lastFact } from '../../testing/api.ts'
import { fresh } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'

const { marina, rest, cast } = await openScene()
const { admin } = marina
const path = '/system/project-templates'
const ask = (method: string, at: string, body?: unknown) => rest(method, at, admin, body)

const retention = {
  algorithm: 'ordered',
  ordered_rules: [{ action: 'keep', newest: { count: 3, by: 'pushed', per: 'repository' } }, { action: 'delete' }],
  trigger: { kind: 'Schedule', settings: { cron: '0 0 3 * * *' } },
}

test('a new project gets the policy and the metadata of the first template that chooses its name', async () => {
  const stem = fresh('tpl')
  const template = {
    name: `${stem} teams`,
    projects: [{ pattern: `${stem}-*`, excludes: false }],
    retention: { ...retention, rules: [] },
    metadata: { auto_scan: 'true', severity: 'high' },
  }
  const id = await create(marina, path, admin, template)
  await create(marina, path, admin, {
    name: `${stem} later`,
    projects: template.projects,
    metadata: { severity: 'low' },
  })
  assert.deepEqual(expectAnswer(await ask('GET', `${path}/${id}`), 200).json(), { id, ...template })
  const since = await lastFact(marina)
  const name = `${stem}-one`
  expectAnswer(await ask('POST', '/projects', { project_name: name, metadata: { severity: 'critical' } }), 201)
  const metadata = await eventually(async () => {
    const { metadata: found } = expectAnswer(await ask('GET', `/projects/${name}`), 200).json() as {
      metadata: Record<string, string>
    }
    assert.ok(found['retention_id'])
    return found
  })
  assert.deepEqual([metadata['auto_scan'], metadata['severity']], ['true', 'critical'])
  const policy = expectAnswer(await ask('GET', `/retentions/${metadata['retention_id']}`), 200).json() as {
    algorithm: string
    trigger: { settings: { cron: string } }
  }
  assert.deepEqual([policy.algorithm, policy.trigger.settings.cron], ['ordered', '0 0 3 * * *'])
  const applied = (await factsSince(marina, since)).filter(({ topic }) => topic === 'project-template.applied')
  assert.deepEqual(
    applied.map(({ payload }) => payload['templateId']),
    [id],
  )
  const [listed] = expectAnswer(await ask('GET', `${path}?page_size=1`), 200).json() as object[]
  assert.ok(listed)
  expectAnswer(await ask('PUT', `${path}/${id}`, { ...template, metadata: {} }), 200)
  expectAnswer(await ask('DELETE', `${path}/${id}`), 200)
  expectAnswer(await ask('GET', `${path}/${id}`), 404, 'NOT_FOUND')
})

test('a template that cannot be used is refused; only administrators of the system see templates', async () => {
  const name = fresh('taken')
  const id = await create(marina, path, admin, { name })
  expectAnswer(await ask('POST', path, { name }), 409, 'CONFLICT')
  for (const wrong of [
    { name: fresh('t'), projects: [{ pattern: '[' }] },
    { name: fresh('t'), retention: { rules: [{ template: 'nope' }] } },
    { name: fresh('t'), retention: { trigger: { settings: { cron: 'x' } } } },
    { name: fresh('t'), metadata: { severity: 'worst' } },
    { name: fresh('t'), metadata: { retention_id: '7' } },
  ])
    expectAnswer(await ask('POST', path, wrong), 400, 'BAD_REQUEST')
  expectAnswer(await ask('PUT', `${path}/999999999`, { name: fresh('t') }), 404, 'NOT_FOUND')
  expectAnswer(await rest('GET', `${path}/${id}`, cast.uaA), 403, 'FORBIDDEN')
  expectAnswer(await ask('DELETE', `${path}/${id}`), 200)
})
