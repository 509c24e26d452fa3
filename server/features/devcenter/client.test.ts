import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { ApiError, openClient } from '../../../api/client.ts'
import * as labels from '../../../api/labels.ts'
import type { Operation } from '../../../api/operation.ts'
import * as projects from '../../../api/projects.ts'
import * as quotas from '../../../api/quotas.ts'
import { getStatistic, search } from '../../../api/search.ts'
import { fresh, givenUser, pushImage } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const { admin, ask, url } = marina

type Document = {
  openapi: string
  paths: Record<string, Record<string, { operationId: string; requestBody?: object }>>
}

test('the OpenAPI document has each operation of api/ once, and every list takes a page', async () => {
  const { openapi, paths } = expectAnswer(await ask('GET', '/api/v2.0/openapi.json'), 200).json() as Document
  assert.match(openapi, /^3\.1\./)
  const described = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, row]) => [
      row.operationId,
      method.toUpperCase(),
      path,
      row.requestBody !== undefined,
    ]),
  )
  const written = await readOperations()
  assert.deepEqual(
    described.toSorted(byId),
    written.map(({ id, method, path, body }) => [id, method, path, body !== undefined]).toSorted(byId),
  )
  for (const { id, page, query } of written) {
    if (page)
      assert.ok(
        Object.hasOwn((query as unknown as { properties: object }).properties, 'page_size'),
        `${id} takes no page_size`,
      )
  }
})

const byId = ([a]: unknown[], [b]: unknown[]) => (String(a) < String(b) ? -1 : 1)

/** Every operation that a file of api/ exports. */
async function readOperations(): Promise<Operation[]> {
  const folder = join(import.meta.dirname, '../../../api')
  const modules = await Promise.all(
    globSync('*.ts', { cwd: folder }).map((name) => import(join(folder, name)) as Promise<Record<string, unknown>>),
  )
  const exported = modules.flatMap((one) => Object.values(one)).filter((one) => typeof one === 'object' && one !== null)
  // Operations that belong together are exported as one object.
  return exported.flatMap((one) => [one, ...Object.values(one)]).filter(isOperation)
}

const isOperation = (one: unknown): one is Operation =>
  typeof one === 'object' && one !== null && 'id' in one && 'method' in one && 'path' in one

test('a user makes, uses and deletes a project with the client alone', async () => {
  const [user, root] = [await givenUser(marina), openClient({ url, login: admin })]
  const client = openClient({ url, login: user })
  const name = fresh('walk')
  const params = { project_name_or_id: name }
  const made = await client(projects.createProject, { body: { project_name: name, metadata: { auto_scan: 'true' } } })
  const { body: project } = await client(projects.getProject, { params })
  assert.equal(made.headers.get('location'), `/api/v2.0/projects/${project.project_id}`)
  assert.deepEqual([project.owner_name, project.metadata], [user.name, { auto_scan: 'true', public: 'false' }])

  const {
    body: [quota],
  } = await root(quotas.listQuotas, { query: { reference: 'project', reference_id: String(project.project_id) } })
  await root(quotas.updateQuota, { params: { id: quota!.id }, body: { hard: { storage: 100_000 } } })
  const image = await pushImage(marina, `${name}/app`, { as: user, tag: 'v1' })
  const { body: summary } = await client(projects.getProjectSummary, { params })
  assert.deepEqual([summary.repo_count, summary.quota!.hard], [1, { storage: 100_000 }])
  assert.ok(summary.quota!.used['storage']! > image.content.length)

  await client(labels.createLabel, { body: { name: 'tested', scope: 'p', project_id: project.project_id } })
  const {
    body: [label],
  } = await client(labels.listLabels, { query: { scope: 'p', project_id: project.project_id } })
  await client(labels.deleteLabel, { params: { label_id: label!.id } })
  await client(projects.updateProject, { params, body: { cve_allowlist: { items: [{ cve_id: 'CVE-2024-3094' }] } } })
  assert.deepEqual(
    (await client(search, { query: { q: name } })).body.repository.map((one) => one.repository_name),
    [`${name}/app`],
  )

  assert.deepEqual((await client(projects.getProjectDeletable, { params })).body.deletable, false)
  await assert.rejects(client(projects.deleteProject, { params }), (error) => {
    assert.ok(error instanceof ApiError)
    const { status, code, message, requestId } = error
    const why = `the project ${name} still holds artifacts: delete its repositories first`
    assert.deepEqual({ status, code, message }, { status: 412, code: 'PRECONDITION', message: why })
    assert.match(requestId!, /^[\w.-]+$/)
    return true
  })
  expectAnswer(await ask('DELETE', `/v2/${name}/app/manifests/${image.digest}`, { as: user }), 202)
  await client(projects.deleteProject, { params })
  await assert.rejects(client(projects.headProject, { query: { project_name: name } }), {
    name: 'ApiError',
    status: 404,
  })
})

test('the client sends names and passwords with any characters unchanged', async () => {
  await assert.rejects(openClient({ url, login: { name: 'nobodÿ☂', password: 'ß' } })(projects.listProjects), {
    status: 401,
    code: 'UNAUTHORIZED',
  })
  await assert.rejects(openClient({ url })(getStatistic), { status: 401, code: 'UNAUTHORIZED' })
  assert.ok((await openClient({ url })(projects.listProjects)).body.length > 0)
})

test('H27: the page of the API shows nothing of its request and allows no script', async () => {
  const page = expectAnswer(await ask('GET', '/devcenter-api-2.0?x=<script>alert(1)</script>'), 200)
  assert.doesNotMatch(page.text, /<script/i)
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/)
  for (const path of ['/api/v2.0/projects/{project_name_or_id}', '/api/v2.0/quotas/{id}'])
    assert.ok(page.text.includes(path), path)
})
