import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Agent, request as httpRequest } from 'node:http'
import { after, test } from 'node:test'
import { Client } from 'pg'
import { countUsage } from '../../catalog/usage.ts'
import { sql } from '../../platform/db/sql.ts'
import {
  fresh,
  givenCast,
  givenProject,
  givenUser,
  makeImage,
  pushBlob,
  pushImage,
  pushIndex,
} from '../../testing/given.ts'
import { basic, expectAnswer, type Answer } from '../../testing/http.ts'
import { openBeside, openTestMarina } from '../../testing/server.ts'
import { digestOf } from '../../../oci/digest.ts'
import { ociManifest } from '../../../oci/media-type.ts'
import { inUnits, limitProblem, shortageText } from './rules.ts'

const marina = await openTestMarina({ MARINA_DATABASE_POOL: '20' })
after(() => marina[Symbol.asyncDispose]())
const { admin, ask, ground } = marina

type Quota = {
  id: number
  ref: { id: number; name: string; owner_name: string }
  hard: { storage: number }
  used: { storage: number }
}

async function quotaOf(project: { id: number }): Promise<Quota> {
  const answer = expectAnswer(
    await ask('GET', `/api/v2.0/quotas?reference=project&reference_id=${project.id}`, { as: admin }),
    200,
  )
  const [quota] = answer.json() as Quota[]
  return quota!
}

async function limit(project: { id: number }, storage: unknown): Promise<Answer> {
  const { id } = await quotaOf(project)
  return ask('PUT', `/api/v2.0/quotas/${id}`, {
    as: admin,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ hard: { storage } }),
  })
}

/** The usage in the database equals a recount, and the API shows it. */
async function expectUsage(project: { id: number }, bytes: number): Promise<void> {
  assert.equal(await countUsage(ground.db, project.id), bytes)
  assert.equal((await quotaOf(project)).used.storage, bytes)
}

const put = (repository: string, bytes: Buffer) =>
  ask('POST', `/v2/${repository}/blobs/uploads/?digest=${digestOf(bytes)}`, { as: admin, body: bytes })

test('sizes and refusals are worded as Harbor words them', () => {
  assert.deepEqual([0, 1023, 1024, 27_053_261, 2 ** 40 * 1500].map(inUnits), [
    '0.0 B',
    '1023.0 B',
    '1.0 KiB',
    '25.8 MiB',
    '1500.0 TiB',
  ])
  assert.equal(
    shortageText({ added: 2048, used: 1024, hard: 1024 }),
    'adding 2.0 KiB of storage resource, which when updated to current usage of 1.0 KiB ' +
      'will exceed the configured upper limit of 1.0 KiB.',
  )
  for (const good of [-1, 1, 2 ** 50]) assert.equal(limitProblem(good), undefined)
  for (const bad of [0, -2, 2 ** 50 + 1, 1.5, NaN]) assert.match(limitProblem(bad)!, /1024 TiB/)
})

test('C-47: a push that does not fit is denied with what is used and allowed, and leaves nothing', async () => {
  const project = await givenProject(marina)
  const repository = `${project.name}/app`
  expectAnswer(await limit(project, 1000), 200)
  await pushBlob(marina, repository, Buffer.alloc(600, 'a'))
  const refused = expectAnswer(await put(repository, Buffer.alloc(401, 'b')), 403, 'DENIED')
  assert.match(
    refused.text,
    new RegExp(
      String.raw`adding 401\.0 B of storage resource, which when updated to current usage of 600\.0 B ` +
        String.raw`will exceed the configured upper limit of 1000\.0 B\.`,
    ),
  )
  expectAnswer(await ask('HEAD', `/v2/${repository}/blobs/${digestOf(Buffer.alloc(401, 'b'))}`, { as: admin }), 404)
  await expectUsage(project, 600)
  expectAnswer(await put(repository, Buffer.alloc(400, 'c')), 201)
  await expectUsage(project, 1000)
})

test('C-47: chunked uploads, mounts and manifests are held to the limit too', async () => {
  const [project, other] = [await givenProject(marina), await givenProject(marina)]
  const repository = `${project.name}/app`
  const image = makeImage(1)
  for (const bytes of image.blobs) await pushBlob(marina, repository, bytes)
  const blobs = image.blobs.reduce((sum, { length }) => sum + length, 0)
  expectAnswer(await limit(project, blobs + image.content.length - 1), 200)
  const manifest = () =>
    ask('PUT', `/v2/${repository}/manifests/v1`, {
      as: admin,
      body: image.content,
      headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
    })
  expectAnswer(await manifest(), 403, 'DENIED')
  expectAnswer(await ask('HEAD', `/v2/${repository}/manifests/v1`, { as: admin }), 404)

  const bytes = randomBytes(5000)
  const digest = await pushBlob(marina, `${other.name}/source`, bytes)
  expectAnswer(
    await ask('POST', `/v2/${repository}/blobs/uploads/?mount=${digest}&from=${other.name}/source`, { as: admin }),
    403,
    'DENIED',
  )
  const started = await ask('POST', `/v2/${repository}/blobs/uploads/`, { as: admin })
  const place = started.headers.location!.replace(/^https?:\/\/[^/]*/, '')
  const patched = await ask('PATCH', place, { as: admin, body: bytes })
  const end = patched.headers.location!.replace(/^https?:\/\/[^/]*/, '')
  expectAnswer(await ask('PUT', `${end}${end.includes('?') ? '&' : '?'}digest=${digest}`, { as: admin }), 403, 'DENIED')
  await expectUsage(project, blobs)

  expectAnswer(await limit(project, blobs + image.content.length), 200)
  expectAnswer(await manifest(), 201)
  expectAnswer(await manifest(), 201)
  await expectUsage(project, blobs + image.content.length)
})

test('a blob counts once in a project, and no longer when its last repository lets go', async () => {
  const project = await givenProject(marina)
  const [one, two] = [`${project.name}/one`, `${project.name}/two`]
  expectAnswer(await limit(project, 100_000), 200)
  const bytes = randomBytes(700)
  const digest = await pushBlob(marina, one, bytes)
  expectAnswer(await ask('POST', `/v2/${two}/blobs/uploads/?mount=${digest}&from=${one}`, { as: admin }), 201)
  await pushBlob(marina, two, bytes)
  await expectUsage(project, 700)
  expectAnswer(await ask('DELETE', `/v2/${one}/blobs/${digest}`, { as: admin }), 202)
  await expectUsage(project, 700)
  expectAnswer(await ask('DELETE', `/v2/${two}/blobs/${digest}`, { as: admin }), 202)
  await expectUsage(project, 0)
})

test('deleting a manifest frees its bytes; an index and a tag are counted right', async () => {
  const project = await givenProject(marina)
  const repository = `${project.name}/app`
  expectAnswer(await limit(project, 1_000_000), 200)
  const image = await pushImage(marina, repository, { tag: 'v1', layers: 2 })
  const before = (await quotaOf(project)).used.storage
  const index = await pushIndex(marina, repository, [image], { tag: 'all' })
  await expectUsage(project, before + index.content.length)
  expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/${index.digest}`, { as: admin }), 202)
  await expectUsage(project, before)
  expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/${image.digest}`, { as: admin }), 202)
  await expectUsage(project, 0)
  for (const digest of [image.config, ...image.layers])
    expectAnswer(await ask('HEAD', `/v2/${repository}/blobs/${digest}`, { as: admin }), 404)
})

test('a new limit counts what is there; one below it refuses pushes and deletes nothing', async () => {
  const project = await givenProject(marina)
  const repository = `${project.name}/app`
  const image = await pushImage(marina, repository, { tag: 'v1' })
  const used = await countUsage(ground.db, project.id)
  assert.ok(used > 200)
  await expectUsage(project, used)
  expectAnswer(await limit(project, 10), 200)
  await expectUsage(project, used)
  expectAnswer(await put(repository, randomBytes(5)), 403, 'DENIED')
  expectAnswer(
    await ask('PUT', `/v2/${repository}/manifests/v2`, {
      as: admin,
      body: image.content,
      headers: { 'content-type': image.mediaType },
    }),
    201,
  )
  expectAnswer(await limit(project, -1), 200)
  expectAnswer(await put(repository, randomBytes(5)), 201)
  await expectUsage(project, used + 5)
})

/** All uploads at once, each on a connection of its own. */
async function flood(
  ports: number[],
  repositoryOf: (index: number) => string,
  count: number,
): Promise<Record<string, number>> {
  const agent = new Agent({ maxSockets: Infinity })
  const one = (index: number) =>
    new Promise<string>((resolve, reject) => {
      const bytes = randomBytes(100)
      const path = `/v2/${repositoryOf(index)}/blobs/uploads/?digest=${digestOf(bytes)}`
      const request = httpRequest(
        {
          host: '127.0.0.1',
          port: ports[index % ports.length],
          agent,
          method: 'POST',
          path,
          headers: { authorization: basic(admin), 'content-length': '100' },
        },
        (response) => {
          response.resume()
          response.once('end', () => resolve(String(response.statusCode)))
        },
      )
      request.once('error', reject)
      request.end(bytes)
    })
  try {
    const statuses = await Promise.all(Array.from({ length: count }, (_, index) => one(index)))
    return Object.fromEntries(
      Object.entries(Object.groupBy(statuses, (status) => status)).map(([status, all]) => [status, all!.length]),
    )
  } finally {
    agent.destroy()
  }
}

test('F38: of 1000 uploads at once over two processes, exactly as many succeed as there is room for', async () => {
  await using beside = await openBeside(marina, { MARINA_DATABASE_POOL: '20' })
  const project = await givenProject(marina)
  await pushBlob(marina, `${project.name}/r0`, Buffer.from('x'))
  expectAnswer(await limit(project, 1 + 100 * 120), 200)
  assert.deepEqual(await flood([marina.port, beside.port], (index) => `${project.name}/r${index % 7}`, 1000), {
    201: 120,
    403: 880,
  })
  await expectUsage(project, 1 + 100 * 120)
})

test('F38: 1000 uploads at once all succeed where there is room', async () => {
  const project = await givenProject(marina)
  await pushBlob(marina, `${project.name}/r0`, Buffer.from('x'))
  expectAnswer(await limit(project, 1 + 100 * 1000), 200)
  assert.deepEqual(await flood([marina.port], (index) => `${project.name}/r${index % 7}`, 1000), { 201: 1000 })
  await expectUsage(project, 1 + 100 * 1000)
})

test('pushes, deletes and changes of the limit at once leave a usage that equals a recount', async () => {
  const project = await givenProject(marina)
  const names = ['a', 'b', 'c'].map((name) => `${project.name}/${name}`)
  const shared = Array.from({ length: 6 }, () => randomBytes(300))
  const work = Array.from({ length: 120 }, async (_, index) => {
    const repository = names[index % 3]!
    const bytes = shared[index % 6]!
    if (index % 10 === 9) return expectAnswer(await limit(project, index % 20 === 9 ? 100_000 : -1), 200)
    if (index % 4 === 3) return ask('DELETE', `/v2/${repository}/blobs/${digestOf(bytes)}`, { as: admin })
    return expectAnswer(await put(repository, bytes), 201)
  })
  await Promise.all(work)
  expectAnswer(await limit(project, 100_000), 200)
  await Promise.all(
    shared.map((bytes, index) =>
      index % 2 === 0
        ? put(names[index % 3]!, bytes)
        : ask('DELETE', `/v2/${names[index % 3]}/blobs/${digestOf(bytes)}`, { as: admin }),
    ),
  )
  const kept = await ground.db.row<{ used: number }>(
    sql`select used_storage as used from quota where project_id = ${project.id}`,
  )
  assert.equal(kept!.used, await countUsage(ground.db, project.id))
})

test('a tag moves while artifacts of a limited project are deleted: no 5xx, usage equals a recount', async () => {
  const project = await givenProject(marina)
  const repository = `${project.name}/app`
  expectAnswer(await limit(project, 1_000_000), 200)
  const images = [makeImage(), makeImage()]
  const statuses = { pushed: new Map<number, number>(), deleted: new Map<number, number>() }
  const count = (of: Map<number, number>, { status, text }: Answer) => {
    assert.ok(status < 500, `${status} ${text.slice(0, 300)}`)
    of.set(status, (of.get(status) ?? 0) + 1)
  }
  const rounds = Array.from({ length: 40 }, (_, round) => round)
  const push = async () => {
    for (const round of rounds) {
      const image = images[round % 2]!
      for (const bytes of image.blobs) await put(repository, bytes)
      count(
        statuses.pushed,
        await ask('PUT', `/v2/${repository}/manifests/moving`, {
          as: admin,
          body: image.content,
          headers: { 'content-type': ociManifest },
        }),
      )
    }
  }
  const remove = async (image: { digest: string }) => {
    for (const round of rounds) {
      const path =
        round % 2 === 0
          ? `/v2/${repository}/manifests/${image.digest}`
          : `/api/v2.0/projects/${project.name}/repositories/app/artifacts/moving`
      count(statuses.deleted, await ask('DELETE', path, { as: admin }))
      // Uneven pauses, so that each side meets every step of the other.
      await new Promise((resolve) => setTimeout(resolve, round % 7))
    }
  }
  await Promise.all([push(), push(), ...images.map(remove)])
  assert.ok(
    (statuses.pushed.get(201) ?? 0) > 0 && [200, 202].some((status) => (statuses.deleted.get(status) ?? 0) > 0),
    JSON.stringify([[...statuses.pushed], [...statuses.deleted]]),
  )
  const kept = await ground.db.row<{ used: number }>(
    sql`select used_storage as used from quota where project_id = ${project.id}`,
  )
  assert.equal(kept!.used, await countUsage(ground.db, project.id))
})

test('a push writes and waits for a shared row only where the project has a limit', async () => {
  const [free, limited] = [await givenProject(marina), await givenProject(marina)]
  for (const { name } of [free, limited]) await pushBlob(marina, `${name}/app`)
  expectAnswer(await limit(limited, 1_000_000), 200)
  const holder = new Client(marina.config.database.url)
  await holder.connect()
  try {
    await holder.query('begin')
    await holder.query('select * from quota where project_id = any($1) for update', [[free.id, limited.id]])
    await holder.query('select * from project where id = any($1) for update', [[free.id, limited.id]])
    const version = async () =>
      (await ground.db.row<{ version: string }>(
        sql`select (quota.xmin, quota.ctid, project.xmin, project.ctid)::text as version
          from quota join project on project.id = quota.project_id where project.id = ${free.id}`,
      ))!.version
    const before = await version()
    await pushImage(marina, `${free.name}/app`, { tag: 'v1' })
    let isDone = false
    const waiting = put(`${limited.name}/app`, randomBytes(50)).finally(() => (isDone = true))
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal(isDone, false)
    await holder.query('rollback')
    expectAnswer(await waiting, 201)
    assert.equal(await version(), before)
  } finally {
    await holder.end()
  }
})

test('quotas are listed one per project, sorted and paged, and only for administrators', async () => {
  const { A, uaA, anon } = await givenCast(marina)
  await pushBlob(marina, `${A.name}/app`, Buffer.alloc(1234))
  const quota = await quotaOf(A)
  assert.deepEqual(
    { ...quota, id: 0 },
    {
      ...quota,
      id: 0,
      ref: { id: A.id, name: A.name, owner_name: 'admin' },
      hard: { storage: -1 },
      used: { storage: 1234 },
    },
  )
  assert.deepEqual(expectAnswer(await ask('GET', `/api/v2.0/quotas/${quota.id}`, { as: admin }), 200).json(), quota)
  const page = expectAnswer(await ask('GET', '/api/v2.0/quotas?sort=-used.storage&page_size=2', { as: admin }), 200)
  const [first, second] = page.json() as Quota[]
  assert.ok(first!.used.storage >= second!.used.storage)
  assert.equal(
    Number(page.headers['x-total-count']),
    (await ground.db.row<{ count: number }>(sql`select count(*) from project`))!.count,
  )
  assert.match(String(page.headers.link), /rel="next"/)
  const limited = await givenProject(marina)
  expectAnswer(await limit(limited, 5000), 200)
  for (const [sort, order] of [
    ['hard.storage', [5000, -1]],
    ['-hard.storage', [-1, 5000]],
  ] as const) {
    const sorted = expectAnswer(await ask('GET', `/api/v2.0/quotas?sort=${sort}&page_size=100`, { as: admin }), 200)
    const ids: number[] = [limited.id, A.id]
    const two = (sorted.json() as Quota[]).filter(({ ref }) => ids.includes(ref.id))
    assert.deepEqual(
      two.map(({ hard }) => hard.storage),
      order,
      'no limit is the largest, as in Harbor',
    )
  }
  for (const path of ['/api/v2.0/quotas', `/api/v2.0/quotas/${quota.id}`]) {
    expectAnswer(await ask('GET', path, { as: uaA }), 403, 'FORBIDDEN')
    expectAnswer(await ask('GET', path, { as: anon }), 401, 'UNAUTHORIZED')
  }
  const refused = await ask('PUT', `/api/v2.0/quotas/${quota.id}`, {
    as: uaA,
    headers: { 'content-type': 'application/json' },
    body: '{"hard":{"storage":5}}',
  })
  expectAnswer(refused, 403, 'FORBIDDEN')
  assert.equal((await quotaOf(A)).hard.storage, -1)
})

test('H26: quotas are sorted by known fields only, and wrong limits change nothing', async () => {
  const project = await givenProject(marina)
  for (const path of ['?sort=password', '?reference=user', '?reference_id=x'])
    expectAnswer(await ask('GET', `/api/v2.0/quotas${path}`, { as: admin }), 400, 'BAD_REQUEST')
  expectAnswer(await ask('GET', '/api/v2.0/quotas?page_size=101', { as: admin }), 422, 'UNPROCESSABLE_ENTITY')
  for (const bad of [0, -2, null, 2 ** 50 + 1]) expectAnswer(await limit(project, bad), 400, 'BAD_REQUEST')
  for (const bad of [1.5, '5']) expectAnswer(await limit(project, bad), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(await ask('GET', '/api/v2.0/quotas/999999', { as: admin }), 404, 'NOT_FOUND')
  assert.equal((await quotaOf(project)).hard.storage, -1)
})

test('with quota_per_project_enable off no push is refused, and usage is still counted right', async () => {
  const project = await givenProject(marina)
  const turn = (on: boolean) =>
    ask('PUT', '/api/v2.0/configurations', {
      as: admin,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ quota_per_project_enable: on }),
    })
  expectAnswer(await limit(project, 10), 200)
  expectAnswer(await turn(false), 200)
  try {
    expectAnswer(await put(`${project.name}/app`, randomBytes(50)), 201)
  } finally {
    expectAnswer(await turn(true), 200)
  }
  expectAnswer(await put(`${project.name}/app`, randomBytes(50)), 403, 'DENIED')
  await expectUsage(project, 50)
})

test('a new project gets the default limit; only an administrator may choose another', async () => {
  const user = await givenUser(marina)
  const json = { 'content-type': 'application/json' }
  expectAnswer(
    await ask('PUT', '/api/v2.0/configurations', { as: admin, headers: json, body: '{"storage_per_project":5000}' }),
    200,
  )
  try {
    const made = async (as: typeof user, storage_limit?: number) => {
      const name = fresh('limited')
      const answer = expectAnswer(
        await ask('POST', '/api/v2.0/projects', {
          as,
          headers: json,
          body: JSON.stringify({ project_name: name, storage_limit }),
        }),
        201,
      )
      return (await quotaOf({ id: Number(answer.headers.location!.split('/').at(-1)) })).hard.storage
    }
    assert.deepEqual(
      [await made(user), await made(user, -1), await made(admin), await made(admin, -1), await made(admin, 77)],
      [5000, 5000, 5000, -1, 77],
    )
  } finally {
    await ask('PUT', '/api/v2.0/configurations', { as: admin, headers: json, body: '{"storage_per_project":-1}' })
  }
})
