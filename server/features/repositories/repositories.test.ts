import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { fresh, givenProject, pushImage, pushIndex, pushReferrer } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'

type Shown = {
  id: number
  name: string
  project_id: number
  description: string
  artifact_count: number
  pull_count: number
  creation_time: string
  update_time: string
}

const { marina, rest, cast } = await openScene()
for (const project of [cast.A, cast.B, cast.P]) await pushImage(marina, `${project.name}/app`, { tag: 'v1' })
await pushImage(marina, `${cast.A.name}/deep/er/app`, { tag: 'v1' })

const namesOf = (text: string) => (JSON.parse(text) as Shown[]).map(({ name }) => name)

test('C-72: everyone sees the repositories of the projects they may see, and the total counts just those', async () => {
  const { A, B, P } = cast
  const seen = async (who: typeof cast.guA | undefined, query = 'page_size=100') => {
    const answer = expectAnswer(await rest('GET', `/repositories?${query}`, who), 200)
    assert.equal(answer.headers['x-total-count'], String(namesOf(answer.text).length))
    return namesOf(answer.text).sort()
  }
  assert.deepEqual(await seen(undefined), [`${P.name}/app`])
  for (const who of [cast.uaA, cast.guA, cast.laA])
    assert.deepEqual(await seen(who), [`${A.name}/app`, `${A.name}/deep/er/app`, `${P.name}/app`].sort())
  assert.deepEqual(await seen(cast.uaB), [`${B.name}/app`, `${P.name}/app`].sort())
  assert.equal((await seen(cast.sys)).length, 4)
})

test('a project lists its repositories by pages, q and sort', async () => {
  const { A, guA } = cast
  const list = async (query: string) =>
    namesOf(expectAnswer(await rest('GET', `/projects/${A.name}/repositories?${query}`, guA), 200).text)
  assert.deepEqual(await list('sort=name'), [`${A.name}/app`, `${A.name}/deep/er/app`])
  assert.deepEqual(await list('sort=-name&page_size=1&page=2'), [`${A.name}/app`])
  assert.deepEqual(await list('q=name%3D~deep'), [`${A.name}/deep/er/app`])
  assert.deepEqual(await list('q=name%3D~_'), [], '_ means itself')
  assert.deepEqual(await list('q=name%3D~%25'), [], 'so does a percent sign')
  for (const bad of ['q=secret%3Dx', 'sort=secret', 'q=x', 'q=name%3D~%00'])
    expectAnswer(await rest('GET', `/projects/${A.name}/repositories?${bad}`, guA), 400, 'BAD_REQUEST')
  expectAnswer(await rest('GET', `/projects/${A.name}/repositories?page_size=101`, guA), 422, 'UNPROCESSABLE_ENTITY')
})

test('a Harbor that copies to Marina asks by its digest where a layer is, and mounts it from there', async () => {
  const { A, guA, maA, uaB } = cast
  const { layers } = await pushImage(marina, `${A.name}/layered`, { tag: 'v1' })
  // These are the very requests of Harbor 2.15.
  const holders = (who: typeof guA) =>
    rest('GET', `/repositories?q=blob_digest=${layers[0]}&page_size=1&page_number=1`, who)
  assert.deepEqual(namesOf(expectAnswer(await holders(guA), 200).text), [`${A.name}/layered`])
  assert.deepEqual(namesOf(expectAnswer(await holders(uaB), 200).text), [], 'not those of others')
  const absent = `/repositories?q=blob_digest=sha256:${'0'.repeat(64)}&page_size=1&page_number=1`
  assert.deepEqual(namesOf(expectAnswer(await rest('GET', absent, guA), 200).text), [])
  expectAnswer(await rest('GET', '/repositories?q=blob_digest=~sha256', guA), 400, 'BAD_REQUEST')
  const mount = `/v2/${A.name}/copied/blobs/uploads/?mount=${layers[0]}&from=${A.name}/layered`
  expectAnswer(await marina.ask('POST', mount, { as: maA }), 201)
})

test('a list shows tags and bytes of each repository to those who ask, each blob once', async () => {
  const project = await givenProject(marina)
  const name = `${project.name}/sized`
  const first = await pushImage(marina, name, { tag: 'a' })
  const again = await pushImage(marina, name, { tag: 'b' })
  await pushImage(marina, `${project.name}/other`, { tag: 'a' })
  const list = async (query: string) =>
    JSON.parse(
      expectAnswer(await rest('GET', `/projects/${project.name}/repositories?${query}`, cast.sys), 200).text,
    ) as (Shown & { size?: number; tag_count?: number })[]
  const used = expectAnswer(await rest('GET', `/projects/${project.name}/usage`, cast.sys), 200).json() as {
    name: string
    size: number
  }[]
  const [, sized] = await list('with_usage=true&sort=name')
  assert.deepEqual([sized!.name, sized!.tag_count], [name, 2])
  assert.equal(sized!.size, used.find((one) => one.name === 'sized')!.size)
  assert.ok(sized!.size > first.content.length + again.content.length)
  for (const one of await list('sort=name')) assert.deepEqual([one.size, one.tag_count], [undefined, undefined])
})

test('C-71: an absent project and a forbidden one are answered alike', async () => {
  for (const path of ['/repositories', '/repositories/app']) {
    for (const [who, status] of [
      [undefined, 401],
      [cast.guA, 403],
    ] as const) {
      const [forbidden, absent] = [
        await rest('GET', `/projects/${cast.B.name}${path}`, who),
        await rest('GET', `/projects/${fresh('absent')}${path}`, who),
      ]
      assert.deepEqual([forbidden.status, forbidden.text], [status, absent.text])
    }
  }
  expectAnswer(await rest('GET', '/projects/a%00b/repositories', cast.guA), 400, 'BAD_REQUEST')
  expectAnswer(await rest('GET', `/projects/${cast.P.name}/repositories`, undefined), 200)
  expectAnswer(await rest('GET', `/projects/${cast.P.name}/repositories/app`, undefined), 401, 'UNAUTHORIZED')
})

test('an absent project and a forbidden one cost the database the same, so their times do not differ', async () => {
  const loads = () => marina.ground.cache.counts().find(({ resource }) => resource === 'project')?.counts.load ?? 0
  const { B, guA } = cast
  const ways = [
    (name: string) => rest('GET', `/projects/${name}/repositories`, undefined),
    (name: string) => rest('GET', `/projects/${name}/repositories`, guA),
    (name: string) => rest('HEAD', `/projects?project_name=${name}`, guA),
    (name: string) => rest('GET', `/users/current/permissions?scope=/project/${name}`, guA),
    (name: string) => marina.ask('GET', `/v2/${name}/app/tags/list`, { as: guA }),
  ]
  for (const way of ways) {
    const cost = async (name: string) => {
      await way(name)
      const before = loads()
      for (let n = 0; n < 5; n++) await way(name)
      return loads() - before
    }
    assert.equal(await cost(B.name), await cost(fresh('absent')), String(way))
  }
})

test('a repository is found by its name, be it raw, encoded once or encoded twice', async () => {
  for (const name of ['deep/er/app', 'deep%2Fer%2Fapp', 'deep%252Fer%252Fapp']) {
    const shown = expectAnswer(
      await rest('GET', `/projects/${cast.A.name}/repositories/${name}`, cast.guA),
      200,
    ).json() as Shown
    assert.equal(shown.name, `${cast.A.name}/deep/er/app`)
    assert.deepEqual(
      [shown.project_id, shown.artifact_count, shown.pull_count, shown.description],
      [cast.A.id, 1, 0, ''],
    )
    assert.ok(!Number.isNaN(Date.parse(shown.creation_time)) && shown.creation_time.endsWith('Z'))
  }
  for (const name of ['absent', 'UPPER', '..'])
    expectAnswer(await rest('GET', `/projects/${cast.A.name}/repositories/${name}`, cast.guA), 404, 'NOT_FOUND')
  expectAnswer(await rest('GET', `/projects/${cast.A.name}/repositories/a%00b`, cast.guA), 400, 'BAD_REQUEST')
})

test('H27: a description is kept as it was written, by those who may, and other fields do nothing', async () => {
  const path = `/projects/${cast.A.name}/repositories/app`
  const description = '<img src=x onerror=alert(1)> [x](javascript:alert(1)) <svg onload=1> \u2028 é'
  expectAnswer(await rest('PUT', path, cast.guA, { description }), 403, 'FORBIDDEN')
  expectAnswer(await rest('PUT', path, undefined, { description }), 401, 'UNAUTHORIZED')
  expectAnswer(
    await rest('PUT', path, cast.deA, { description, id: 1, name: 'other', project_id: cast.B.id, pull_count: 7 }),
    200,
  )
  const answer = expectAnswer(await rest('GET', path, cast.guA), 200)
  const shown = answer.json() as Shown
  assert.deepEqual(
    [shown.description, shown.name, shown.project_id, shown.pull_count],
    [description, `${cast.A.name}/app`, cast.A.id, 0],
  )
  // C-77: no browser renders it as a page.
  assert.match(String(answer.headers['content-security-policy']), /default-src 'none'/)
  for (const bad of ['x'.repeat(65_537), 'a\0b'])
    expectAnswer(await rest('PUT', path, cast.deA, { description: bad }), 400, 'BAD_REQUEST')
  const fact = await marina.ground.db.row<{ payload: { by: { name: string }; changed: string[] } }>(
    sql`select payload from outbox where topic = 'repository.changed' order by id desc limit 1`,
  )
  assert.deepEqual([fact!.payload.by.name, fact!.payload.changed], [cast.deA.name, ['description']])
})

test('a repository is deleted with everything in it, and its name can be used again', async () => {
  const project = await givenProject(marina)
  const name = `${project.name}/app`
  const child = await pushImage(marina, name)
  const index = await pushIndex(marina, name, [child], { tag: 'multi' })
  const signature = await pushReferrer(marina, name, index)
  const bystander = await pushImage(marina, `${project.name}/other`, { tag: 'v1' })
  // Read all of it into the cache: a missed invalidation would then be seen.
  for (const one of [child, index, signature])
    expectAnswer(await marina.ask('GET', `/v2/${name}/manifests/${one.digest}`, { as: marina.admin }), 200)
  for (const who of [cast.deA, cast.uaA, undefined])
    expectAnswer(
      await rest('DELETE', `/projects/${project.name}/repositories/app`, who),
      who ? 403 : 401,
      who ? 'FORBIDDEN' : 'UNAUTHORIZED',
    )
  expectAnswer(await rest('DELETE', `/projects/${project.name}/repositories/app`, marina.admin), 200)
  for (const reference of ['multi', child.digest, index.digest, signature.digest]) {
    const answer = await marina.ask('GET', `/v2/${name}/manifests/${reference}`, { as: marina.admin })
    assert.deepEqual([answer.status, answer.code], [404, 'NAME_UNKNOWN'])
  }
  expectAnswer(await marina.ask('GET', `/v2/${name}/blobs/${child.config}`, { as: marina.admin }), 404, 'BLOB_UNKNOWN')
  expectAnswer(await rest('GET', `/projects/${project.name}/repositories/app`, marina.admin), 404, 'NOT_FOUND')
  expectAnswer(await rest('DELETE', `/projects/${project.name}/repositories/app`, marina.admin), 404, 'NOT_FOUND')
  expectAnswer(await marina.ask('GET', `/v2/${project.name}/other/manifests/v1`, { as: marina.admin }), 200)
  expectAnswer(
    await marina.ask('GET', `/v2/${project.name}/other/blobs/${bystander.config}`, { as: marina.admin }),
    200,
  )
  const topics = await marina.ground.db.rows<{ topic: string; count: number }>(sql`
    select topic, count(*) from outbox
    where payload->>'repository' = ${name} and topic in ('artifact.deleted', 'repository.deleted')
    group by 1 order by 1`)
  assert.deepEqual(topics, [
    { topic: 'artifact.deleted', count: 3 },
    { topic: 'repository.deleted', count: 1 },
  ])
  await pushImage(marina, name, { tag: 'multi' })
  assert.equal(
    (expectAnswer(await rest('GET', `/projects/${project.name}/repositories/app`, marina.admin), 200).json() as Shown)
      .artifact_count,
    1,
  )
})

test('F35: deleting a repository while others push into it leaves whole images or none', async () => {
  const project = await givenProject(marina)
  const name = `${project.name}/busy`
  await pushImage(marina, name, { tag: 'first' })
  const pushes = Array.from({ length: 8 }, (_, index) =>
    pushImage(marina, name, { tag: `t${index}` })
      .then((image) => ({ image, tag: `t${index}` }))
      .catch(() => undefined),
  )
  const deletes = [1, 2, 3].map(() => rest('DELETE', `/projects/${project.name}/repositories/busy`, marina.admin))
  for (const answer of await Promise.all(deletes)) assert.ok([200, 404].includes(answer.status), answer.text)
  await Promise.all(pushes)
  const tags = await marina.ask('GET', `/v2/${name}/tags/list`, { as: marina.admin })
  for (const tag of tags.status === 200 ? (tags.json() as { tags: string[] }).tags : []) {
    const manifest = expectAnswer(
      await marina.ask('GET', `/v2/${name}/manifests/${tag}`, { as: marina.admin }),
      200,
    ).json() as { config: { digest: string }; layers: { digest: string }[] }
    for (const { digest } of [manifest.config, ...manifest.layers])
      expectAnswer(await marina.ask('GET', `/v2/${name}/blobs/${digest}`, { as: marina.admin }), 200)
  }
})
