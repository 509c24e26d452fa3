import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Project } from '../../catalog/project.ts'
import { givenProject } from '../../testing/given.ts'
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

test('a Location is the path that the client sent and the new id, for a project by name or by id', async () => {
  const tried: string[] = []
  for (const one of listed.filter(({ method, path }) => method === 'POST' && path.includes('{project_name_or_id}')))
    for (const either of [project.name, String(project.id)]) {
      const target = await targets.targetOf(one, project)
      const url = target.url.replace(`/projects/${project.name}/`, `/projects/${either}/`)
      const answer = await targets.ask(one, { ...target, url }, marina.admin)
      const { location = '' } = answer.headers
      if (answer.status !== 201 || location.includes('/executions/')) continue
      const path = `/api/v2.0${url.split('?', 1)[0]}`
      assert.ok(location.startsWith(`${path}/`), `${one.id}: ${path} → ${location}`)
      assert.match(location.slice(path.length), /^\/[^/]+$/, one.id)
      tried.push(one.id)
    }
  for (const id of ['CreateImmuRule', 'CreateWebhookPolicyOfProject', 'createProjectMember'])
    assert.equal(tried.filter((one) => one === id).length, 2, id)
})
