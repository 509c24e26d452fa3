import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { create, givenRobot } from '../../testing/api.ts'
import { fresh, givenProject, pushImage, pushIndex } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'

const { marina, rest, cast } = await openScene()
const { admin } = marina
const { db } = marina.ground

type Report = { kept: number; expiration_time: string; passed_over: { repository: string; reason: string }[] }
const ask = (method: string, path: string, body?: unknown, as: Person = admin) => rest(method, path, as, body)
const report = async (cluster: string, images: object[], as: Person = admin) =>
  expectAnswer(await ask('POST', '/deployments', { cluster, images, ttl_seconds: 3600 }, as), 200).json() as Report
const running = async (project: string) =>
  expectAnswer(await ask('GET', `/projects/${project}/deployments`), 200).json() as {
    digest: string
    cluster: string
  }[]

test('what a cluster runs is not deleted by anybody until its report runs out', async () => {
  const project = await givenProject(marina)
  const app = `${project.name}/app`
  const [image, part] = [await pushImage(marina, app, { tag: 'v1' }), await pushImage(marina, app)]
  await pushIndex(marina, app, [part], { tag: 'multi' })
  const cluster = fresh('prod')
  const images = [
    { repository: app, digest: image.digest, workload: 'default/web' },
    { repository: app, digest: part.digest },
  ]
  assert.equal((await report(cluster, images)).kept, 2)
  const artifact = `/projects/${project.name}/repositories/app/artifacts`
  for (const path of [`${artifact}/v1`, `${artifact}/multi`, `/projects/${project.name}/repositories/app`])
    assert.match(
      expectAnswer(await ask('DELETE', path), 412, 'PRECONDITION').text,
      new RegExp(`${app}@sha256:[0-9a-f]+ runs in ${cluster}`),
    )
  const manifest = await marina.ask('DELETE', `/v2/${app}/manifests/${image.digest}`, { as: admin })
  assert.equal(manifest.status, 412, manifest.text)
  const id = await create(marina, '/retentions', admin, {
    algorithm: 'ordered',
    ordered_rules: [{ action: 'delete' }],
    scope: { level: 'project', ref: project.id },
  })
  const execution = await create(marina, `/retentions/${id}/executions`, admin, {})
  const ends = () =>
    eventually(async () => {
      const [last] = expectAnswer(await ask('GET', `/retentions/${id}/executions`), 200).json() as { status: string }[]
      assert.equal(last!.status, 'Success')
    })
  await ends()
  const tags = () =>
    db.rows<{ name: string }>(sql`
    select tag.name from tag join repository on repository.id = repository_id
    where repository.name = ${app} order by 1`)
  assert.deepEqual(
    (await tags()).map(({ name }) => name),
    ['multi', 'v1'],
  )
  const [task] = expectAnswer(await ask('GET', `/retentions/${id}/executions/${execution}/tasks`), 200).json() as {
    id: number
  }[]
  const log = expectAnswer(await ask('GET', `/retentions/${id}/executions/${execution}/tasks/${task!.id}`), 200).text
  assert.match(log, /\| v1 .* \| RUNNING +\| it runs in .* \(default\/web\)/)
  await db.run(sql`update deployment set expires_at = clock_timestamp() where cluster = ${cluster}`)
  assert.deepEqual(await running(project.name), [])
  expectAnswer(await ask('DELETE', `${artifact}/v1`), 200)
})

test('a report takes the place of the last one of its cluster, and no other', async () => {
  const project = await givenProject(marina)
  const app = `${project.name}/app`
  const [one, two] = [await pushImage(marina, app, { tag: 'v1' }), await pushImage(marina, app, { tag: 'v2' })]
  const [blue, green] = [fresh('blue'), fresh('green')]
  await report(blue, [{ repository: app, digest: one.digest }])
  await report(green, [{ repository: app, digest: one.digest }])
  await report(blue, [{ repository: app, digest: two.digest }])
  assert.deepEqual(
    (await running(project.name)).map(({ cluster, digest }) => [cluster, digest]),
    [
      [blue, two.digest],
      [green, one.digest],
    ],
  )
  await report(blue, [])
  expectAnswer(await ask('DELETE', `/projects/${project.name}/deployments/${blue}`), 404, 'NOT_FOUND')
  expectAnswer(await ask('DELETE', `/projects/${project.name}/deployments/${green}`), 200)
  assert.deepEqual(await running(project.name), [])
})

test('a caller reports for the projects whose retention it may change, and for no other', async () => {
  const [mine, other] = [await givenProject(marina), await givenProject(marina)]
  const [app, hidden] = [`${mine.name}/app`, `${other.name}/app`]
  const [image, secret] = [await pushImage(marina, app, { tag: 'v1' }), await pushImage(marina, hidden, { tag: 'v1' })]
  const cluster = fresh('edge')
  await report(cluster, [{ repository: hidden, digest: secret.digest }])
  const robot = await givenRobot(marina, fresh('agent'), {
    project: mine.name,
    access: [{ resource: 'tag-retention', action: 'create' }],
  })
  const answer = await report(
    cluster,
    [
      { repository: app, digest: image.digest },
      { repository: hidden, digest: secret.digest },
      { repository: `${mine.name}/absent`, digest: image.digest },
    ],
    robot,
  )
  assert.equal(answer.kept, 1)
  assert.deepEqual(
    answer.passed_over.map(({ repository }) => repository),
    [hidden, `${mine.name}/absent`],
  )
  assert.equal(new Set(answer.passed_over.map(({ reason }) => reason)).size, 1)
  // The report of another caller for the other project still holds.
  assert.equal((await running(other.name)).length, 1)
  const [guest] = [await report(cluster, [{ repository: app, digest: image.digest }], cast.guA)]
  assert.equal(guest.kept, 0)
  assert.equal((await running(mine.name)).length, 1)
  for (const body of [
    { cluster, images: [{ repository: app, digest: 'v1' }] },
    { cluster: '', images: [] },
    { cluster, images: [], ttl_seconds: 1 },
  ]) {
    const { status } = await ask('POST', '/deployments', body)
    assert.ok(status === 400 || status === 422, JSON.stringify(body))
  }
})
