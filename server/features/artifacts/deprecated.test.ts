import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { create } from '../../testing/api.ts'
import { fresh, givenProject, pushImage } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'

const { marina, rest } = await openScene()
const { admin } = marina

const warningOf = async (app: string, reference: string) => {
  const seen = []
  for (const [method, headers] of [
    ['GET', {}],
    ['HEAD', {}],
    ['GET', { 'if-none-match': '*' }],
  ] as const) {
    const answer = await marina.ask(method, `/v2/${app}/manifests/${reference}`, { as: admin, headers })
    assert.ok(answer.status === 200 || answer.status === 304, answer.text)
    seen.push(answer.headers['warning'])
  }
  assert.equal(new Set(seen).size, 1)
  return seen[0]
}
const label = (projectId: number, name: string, description = '') => ({
  name,
  description,
  color: '#000000',
  ...(projectId === 0 ? { scope: 'g' } : { scope: 'p', project_id: projectId }),
})
const labelsOf = (app: string, reference: string) => {
  const [project, name] = app.split('/')
  return `/projects/${project}/repositories/${name}/artifacts/${reference}/labels`
}

test('a pull of an image with the label `deprecated` is answered with a warning, from the next one on', async () => {
  const project = await givenProject(marina)
  const app = `${project.name}/${fresh('app')}`
  const old = await pushImage(marina, app, { tag: 'v1' })
  const image = await pushImage(marina, app, { tag: 'v2' })
  assert.equal(await warningOf(app, 'v1'), undefined)
  const id = await create(marina, '/labels', admin, label(project.id, 'deprecated', 'use v2'))
  assert.equal(await warningOf(app, 'v1'), undefined)
  expectAnswer(await rest('POST', labelsOf(app, 'v1'), admin, { id }), 200)
  for (const reference of ['v1', old.digest])
    assert.equal(await warningOf(app, reference), '299 - "this image is deprecated: use v2"')
  for (const reference of ['v2', image.digest]) assert.equal(await warningOf(app, reference), undefined)

  const change = (name: string, description: string) =>
    rest('PUT', `/labels/${id}`, admin, { ...label(project.id, name, description), id })
  expectAnswer(await change('deprecated', 'a "quoted"\n\\ text: \u00fc\u202e'), 200)
  assert.equal(await warningOf(app, 'v1'), `299 - "this image is deprecated: a 'quoted' ' text: ??"`)
  expectAnswer(await change('old', ''), 200)
  assert.equal(await warningOf(app, 'v1'), undefined)
  expectAnswer(await change('deprecated', ''), 200)
  assert.equal(await warningOf(app, 'v1'), '299 - "this image is deprecated"')
  expectAnswer(await rest('DELETE', `${labelsOf(app, 'v1')}/${id}`, admin), 200)
  assert.equal(await warningOf(app, 'v1'), undefined)
  expectAnswer(await rest('POST', labelsOf(app, 'v1'), admin, { id }), 200)
  expectAnswer(await rest('DELETE', `/labels/${id}`, admin), 200)
  assert.equal(await warningOf(app, 'v1'), undefined)
})

test('a global label warns in every project; the warning of what was pulled before needs no query', async () => {
  const project = await givenProject(marina)
  const app = `${project.name}/${fresh('app')}`
  await pushImage(marina, app, { tag: 'v1' })
  assert.equal(await warningOf(app, 'v1'), undefined)
  const id = await create(marina, '/labels', admin, label(0, 'deprecated', 'for all'))
  try {
    expectAnswer(await rest('POST', labelsOf(app, 'v1'), admin, { id }), 200)
    const text = '299 - "this image is deprecated: for all"'
    assert.equal(await warningOf(app, 'v1'), text)
    const headers = { authorization: `Bearer ${await marina.token(admin, `repository:${app}:pull`)}` }
    await marina.ask('GET', `/v2/${app}/manifests/v1`, { headers })
    await marina.ground.db.transaction(async (tx) => {
      await tx.run(sql`
        lock table project, project_metadata, repository, artifact, manifest, tag, label, artifact_label
          in access exclusive mode`)
      const answer = await marina.ask('GET', `/v2/${app}/manifests/v1`, { headers })
      assert.deepEqual([answer.status, answer.headers['warning']], [200, text])
    })
  } finally {
    expectAnswer(await rest('DELETE', `/labels/${id}`, admin), 200)
  }
  assert.equal(await warningOf(app, 'v1'), undefined)
})
