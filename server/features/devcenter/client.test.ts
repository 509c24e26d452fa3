import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ApiError, openClient, operations } from '../../../api/client.ts'
import { fresh, givenUser, pushImage } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const { admin, ask, url } = marina

type Document = { openapi: string; paths: Record<string, Record<string, { operationId: string; requestBody?: object }>> }

test('the client calls what the OpenAPI document describes, by the same names', async () => {
  const { openapi, paths } = expectAnswer(await ask('GET', '/api/v2.0/openapi.json'), 200).json() as Document
  assert.match(openapi, /^3\.1\./)
  const described = new Map(Object.entries(paths).flatMap(([path, item]) => Object.entries(item).map(([method, row]) => [row.operationId, [method.toUpperCase(), path, row.requestBody !== undefined]] as const)))
  for (const [id, row] of Object.entries(operations)) assert.deepEqual(described.get(id), [row.method, row.path, 'body' in row], id)
})

test('a user walks from a new project to its end with the client alone', async () => {
  const [user, root] = [await givenUser(marina), openClient({ url, login: admin })]
  const client = openClient({ url, login: user })
  const name = fresh('walk')
  const params = { project_name_or_id: name }
  const made = await client('createProject', { body: { project_name: name, metadata: { auto_scan: 'true' } } })
  const { body: project } = await client('getProject', { params })
  assert.equal(made.headers.get('location'), `/api/v2.0/projects/${project.project_id}`)
  assert.deepEqual([project.owner_name, project.metadata], [user.name, { auto_scan: 'true', public: 'false' }])

  const { body: [quota] } = await root('listQuotas', { query: { reference: 'project', reference_id: project.project_id! } })
  await root('updateQuota', { params: { id: quota!.id! }, body: { hard: { storage: 100_000 } } })
  const image = await pushImage(marina, `${name}/app`, { as: user, tag: 'v1' })
  const { body: summary } = await client('getProjectSummary', { params })
  assert.deepEqual([summary.repo_count, summary.quota!.hard], [1, { storage: 100_000 }])
  assert.ok(summary.quota!.used!['storage']! > image.content.length)

  await client('CreateLabel', { body: { name: 'tested', scope: 'p', project_id: project.project_id! } })
  const { body: [label] } = await client('ListLabels', { query: { scope: 'p', project_id: project.project_id! } })
  await client('DeleteLabel', { params: { label_id: label!.id! } })
  await client('updateProject', { params, body: { cve_allowlist: { items: [{ cve_id: 'CVE-2024-3094' }] } } })
  assert.deepEqual((await client('search', { query: { q: name } })).body.repository!.map((one) => one.repository_name), [`${name}/app`])

  assert.deepEqual((await client('getProjectDeletable', { params })).body.deletable, false)
  await assert.rejects(client('deleteProject', { params }), new ApiError(412, 'PRECONDITION', `the project ${name} still holds artifacts: delete its repositories first`))
  expectAnswer(await ask('DELETE', `/v2/${name}/app/manifests/${image.digest}`, { as: user }), 202)
  await client('deleteProject', { params })
  await assert.rejects(client('headProject', { query: { project_name: name } }), { name: 'ApiError', status: 404 })
})

test('names of other scripts and wrong passwords come through as they are', async () => {
  await assert.rejects(openClient({ url, login: { name: 'nobodÿ☂', password: 'ß' } })('listProjects'), { status: 401, code: 'UNAUTHORIZED' })
  await assert.rejects(openClient({ url })('getStatistic'), { status: 401, code: 'UNAUTHORIZED' })
  assert.ok((await openClient({ url })('listProjects')).body.length > 0)
})

test('H27: the browsable page takes nothing from a request and allows no script', async () => {
  const page = expectAnswer(await ask('GET', '/devcenter-api-2.0?x=<script>alert(1)</script>'), 200)
  assert.doesNotMatch(page.text, /<script/i)
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/)
  for (const path of ['/api/v2.0/projects/{project_name_or_id}', '/api/v2.0/quotas/{id}']) assert.ok(page.text.includes(path), path)
})
