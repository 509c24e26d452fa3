import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Project } from '../../catalog/project.ts'
import { callApi, create } from '../../testing/api.ts'
import { fresh, givenProject, pushImage } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { readDocument, type Listed } from './document.suite.ts'
import { openTargets, type Targets } from './targets.suite.ts'

let marina: TestMarina
let listed: Listed[]
let targets: Targets
let project: Project

before(async () => {
  marina = await openTestMarina()
  ;({ listed } = await readDocument(marina))
  targets = openTargets(marina)
  project = await givenProject(marina)
})
after(() => marina[Symbol.asyncDispose]())

// A client in Go sends 0 for a number that is not set.
const get = (path: string) => callApi(marina, 'GET', path, { as: marina.admin })

test('every list accepts 0 and less for page and page_size', async () => {
  const found: string[] = []
  for (const one of listed.filter(({ method, query }) => method === 'GET' && query.includes('page_size'))) {
    const { url } = await targets.targetOf(one, project)
    for (const query of ['page=0', 'page=-1', 'page_size=0', 'page_size=-1', 'page=0&page_size=0']) {
      const answer = await get(`${url}${url.includes('?') ? '&' : '?'}${query}`)
      // 412: a project of another kind is needed. A page that is not accepted would have been refused before that.
      if (![200, 412].includes(answer.status)) found.push(`${one.id} ${query} → ${answer.status} ${answer.text}`)
    }
  }
  assert.deepEqual(found, [])
})

test('a page_size of 0 gives pages of 100 entries, each with a link to the next one', async () => {
  const stem = fresh('many')
  for (let n = 0; n < 102; n++)
    await create(marina, '/labels', marina.admin, { name: `${stem}${n}`, scope: 'p', project_id: project.id })
  const path = `/labels?scope=p&project_id=${project.id}`
  const answer = expectAnswer(await get(`${path}&page=0&page_size=-1`), 200)
  assert.equal((answer.json() as unknown[]).length, 100)
  assert.equal(answer.headers['x-total-count'], '102')
  assert.match(String(answer.headers['link']), /page_size=100&page=2>; rel="next"$/)
  assert.equal((expectAnswer(await get(`${path}&page_size=0&page=2`), 200).json() as unknown[]).length, 2)
})

test('an audit log with page 0 is read from a cursor', async () => {
  for (const name of ['a', 'b', 'c'])
    await create(marina, '/labels', marina.admin, { name: fresh(name), scope: 'p', project_id: project.id })
  const first = expectAnswer(await get('/auditlog-exts?page=0&page_size=1'), 200)
  const after = /[?&]after=([\w-]+)/.exec(String(first.headers['link']))![1]!
  const next = expectAnswer(await get(`/auditlog-exts?page=0&page_size=1&after=${after}`), 200)
  assert.notDeepEqual(next.json(), first.json())
})

test('global labels are listed for a project_id of 0', async () => {
  const name = fresh('global')
  await create(marina, '/labels', marina.admin, { name, scope: 'g', project_id: 0 })
  const answer = expectAnswer(await get(`/labels?scope=g&project_id=0&name=${name}`), 200)
  assert.equal((answer.json() as unknown[]).length, 1)
})

test('an id of 0 or -1 is not found', async () => {
  await pushImage(marina, `${project.name}/app`, { tag: 'v1' })
  for (const id of [0, -1])
    for (const path of [
      `/labels/${id}`,
      `/users/${id}`,
      `/robots/${id}`,
      `/quotas/${id}`,
      `/usergroups/${id}`,
      `/projects/${project.name}/members/${id}`,
      `/projects/${project.name}/webhook/policies/${id}`,
      `/system/gc/${id}`,
      `/system/purgeaudit/${id}`,
      `/export/artifacts/executions/${id}`,
    ])
      expectAnswer(await get(path), 404, 'NOT_FOUND')
})

test('a duration of 0 means the default for a new robot, and no change for an existing one', async () => {
  const access = [{ resource: 'repository', action: 'pull' }]
  const permissions = [{ kind: 'project', namespace: project.name, access }]
  const body = { name: fresh('zero'), level: 'project', duration: 0, permissions }
  const id = await create(marina, '/robots', marina.admin, body)
  const durationOf = async () => ((await get(`/robots/${id}`)).json() as { duration: number }).duration
  assert.equal(await durationOf(), 30)
  const change = (duration: number) => callApi(marina, 'PUT', `/robots/${id}`, { as: marina.admin, body: { duration } })
  expectAnswer(await change(7), 200)
  expectAnswer(await change(0), 200)
  assert.equal(await durationOf(), 7)
})
