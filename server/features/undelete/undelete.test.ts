import assert from 'node:assert/strict'
import { after, before, beforeEach, suite, test } from 'node:test'
import type { Project } from '../../catalog/project.ts'
import { countUsage } from '../../catalog/usage.ts'
import { sql } from '../../platform/db/sql.ts'
import { callApi, create, factsSince, lastFact } from '../../testing/api.ts'
import {
  findDisagreements,
  fresh,
  givenMember,
  givenProject,
  pushImage,
  pushIndex,
  pushManifest,
  pushReferrer,
  type Pushed,
} from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openRival, untilWaiting } from '../../testing/rival.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { collect } from '../gc/index.ts'
import { setLimit } from '../quotas/index.ts'

type Entry = {
  id: number
  kind: string
  repository_name: string
  tag?: string
  digest?: string
  artifacts: number
  tags: string[]
  deleted_by: string
  deletion_time: string
  expiration_time: string
}

suite('undelete', () => {
  let marina: TestMarina
  let project: Project
  let repository: string
  before(async () => void (marina = await openTestMarina({ MARINA_WORKERS: 'none', MARINA_UNDELETE_WINDOW: '168h' })))
  after(() => marina[Symbol.asyncDispose]())
  beforeEach(async () => {
    project = await givenProject(marina)
    repository = `${project.name}/app`
  })

  const api = (method: string, path: string, as: Person = marina.admin, body?: unknown) =>
    callApi(marina, method, `/projects/${project.name}${path}`, { as, ...(body === undefined ? {} : { body }) })
  const list = async (query = '') => expectAnswer(await api('GET', `/trash${query}`), 200).json() as Entry[]
  const restore = (id: number, as?: Person) => api('POST', `/trash/${id}/restore`, as)
  const pull = async (reference: string) =>
    (await marina.ask('GET', `/v2/${repository}/manifests/${reference}`, { as: marina.admin })).status
  const deleteArtifact = async (reference: string) =>
    expectAnswer(await api('DELETE', `/repositories/app/artifacts/${reference}`), 200)
  const run = (delayMs = 0, keepMs = 7 * 86_400_000) =>
    collect({
      db: marina.ground.db,
      blobs: marina.ground.blobs,
      gates: { untag: [] },
      by: { kind: 'system', id: null, name: 'test' },
      signal: new AbortController().signal,
      log: () => {},
      progress: () => {},
      options: {
        delayMs,
        keepMs,
        isUntaggedGarbage: false,
        isDryRun: false,
        workers: 1,
        perSecond: 0,
        mayGoOn: () => true,
      },
    })
  const usage = () => countUsage(marina.ground.db, project.id)

  test('brings an artifact back with its bytes, tags, labels and times, after a collection too', async () => {
    const image = await pushImage(marina, repository, { tag: 'one', layers: 2 })
    await pushManifest(marina, repository, image.content, image.mediaType, { tag: 'two' })
    const label = await create(marina, '/labels', marina.admin, {
      name: fresh('label'),
      scope: 'p',
      project_id: project.id,
    })
    expectAnswer(await api('POST', '/repositories/app/artifacts/one/labels', marina.admin, { id: label }), 200)
    const shown = async () => {
      const {
        pull_time: _,
        id: __,
        ...artifact
      } = expectAnswer(await api('GET', '/repositories/app/artifacts/one?with_label=true'), 200).json() as Record<
        string,
        unknown
      > & { tags: Record<string, unknown>[] }
      return { ...artifact, tags: artifact.tags.map(({ name, push_time }) => ({ name, push_time })) }
    }
    const before = await shown()
    const used = await usage()
    await deleteArtifact('one')
    assert.equal(await usage(), 0)
    await run()
    await run()
    const [entry] = await list()
    assert.deepEqual(
      [entry!.kind, entry!.digest, entry!.repository_name, entry!.artifacts, entry!.tags, entry!.deleted_by],
      ['artifact', image.digest, repository, 1, ['one', 'two'], 'admin'],
    )
    assert.equal(Date.parse(entry!.expiration_time) - Date.parse(entry!.deletion_time), 7 * 86_400_000)
    const since = await lastFact(marina)
    expectAnswer(await restore(entry!.id), 200)
    assert.deepEqual(
      (await factsSince(marina, since)).map(({ topic }) => topic),
      ['artifact.pushed', 'tag.created', 'tag.created', 'trash.restored'],
    )
    assert.deepEqual(await shown(), before)
    assert.equal(await usage(), used)
    for (const digest of image.layers)
      assert.equal((await marina.ask('GET', `/v2/${repository}/blobs/${digest}`, { as: marina.admin })).status, 200)
    assert.deepEqual(await list(), [])
    await run()
    await run()
    assert.deepEqual(await findDisagreements(marina), [])
    assert.equal(await pull('two'), 200)
  })

  test('brings an index back with the parts and the signatures that went with it', async () => {
    const children = [await pushImage(marina, repository), await pushImage(marina, repository)]
    const index = await pushIndex(marina, repository, children, { tag: 'all' })
    const note = await pushReferrer(marina, repository, index)
    await deleteArtifact('all')
    for (const one of [...children, index, note] as Pushed[]) assert.equal(await pull(one.digest), 404)
    const [entry] = await list('?q=kind=artifact')
    assert.equal(entry!.artifacts, 4)
    expectAnswer(await restore(entry!.id), 200)
    for (const one of [...children, index, note] as Pushed[]) assert.equal(await pull(one.digest), 200)
    const accessories = expectAnswer(await api('GET', '/repositories/app/artifacts/all/accessories'), 200).json() as {
      digest: string
    }[]
    assert.deepEqual(
      accessories.map(({ digest }) => digest),
      [note.digest],
    )
  })

  test('restores a repository with all that was in it, but not over another one of its name', async () => {
    const images = [
      await pushImage(marina, repository, { tag: 'one' }),
      await pushImage(marina, repository, { tag: 'two' }),
    ]
    expectAnswer(await api('PUT', '/repositories/app', marina.admin, { description: 'words' }), 200)
    expectAnswer(await api('DELETE', '/repositories/app'), 200)
    const [entry] = await list()
    assert.deepEqual([entry!.kind, entry!.artifacts, entry!.tags], ['repository', 2, ['one', 'two']])
    await pushImage(marina, repository, { tag: 'new' })
    expectAnswer(await restore(entry!.id), 409, 'CONFLICT')
    expectAnswer(await api('DELETE', '/repositories/app'), 200)
    expectAnswer(await restore(entry!.id), 200)
    for (const { digest } of images) assert.equal(await pull(digest), 200)
    assert.equal(await pull('new'), 404)
    assert.equal(
      (expectAnswer(await api('GET', '/repositories/app'), 200).json() as { description: string }).description,
      'words',
    )
  })

  test('restores a tag, but not when its name is taken or its artifact deleted', async () => {
    const image = await pushImage(marina, repository, { tag: 'one' })
    await pushManifest(marina, repository, image.content, image.mediaType, { tag: 'two' })
    expectAnswer(await api('DELETE', '/repositories/app/artifacts/one/tags/two'), 200)
    const [entry] = await list()
    assert.deepEqual([entry!.kind, entry!.tag, entry!.digest, entry!.tags], ['tag', 'two', image.digest, ['two']])
    await pushImage(marina, repository, { tag: 'two' })
    expectAnswer(await restore(entry!.id), 409, 'CONFLICT')
    expectAnswer(await marina.ask('DELETE', `/v2/${repository}/manifests/two`, { as: marina.admin }), 202)
    expectAnswer(await restore(entry!.id), 200)
    assert.equal(await pull('two'), 200)
    expectAnswer(await marina.ask('DELETE', `/v2/${repository}/manifests/two`, { as: marina.admin }), 202)
    const [again] = await list('?q=kind=tag')
    await deleteArtifact('one')
    expectAnswer(await restore(again!.id), 412, 'PRECONDITION')
  })

  test('an index whose part was deleted later is restored after the part, and refused until then', async () => {
    const child = await pushImage(marina, repository, { tag: 'part' })
    const index = await pushIndex(marina, repository, [child], { tag: 'all' })
    await deleteArtifact('all')
    await deleteArtifact('part')
    const [part, whole] = await list()
    assert.deepEqual([part!.digest, whole!.digest], [child.digest, index.digest])
    assert.match(
      expectAnswer(await restore(whole!.id), 412, 'PRECONDITION').text,
      new RegExp(`${index.digest} needs ${child.digest}, deleted as well: restore that first`),
    )
    expectAnswer(await restore(part!.id), 200)
    expectAnswer(await restore(whole!.id), 200)
    for (const reference of ['all', 'part']) assert.equal(await pull(reference), 200)
  })

  test('refuses to exceed the quota, to replace a taken name, and what is too old or of another project', async () => {
    const image = await pushImage(marina, repository, { tag: 'one', layers: 3 })
    await deleteArtifact('one')
    const [entry] = await list()
    const other = await givenProject(marina)
    expectAnswer(
      await callApi(marina, 'POST', `/projects/${other.name}/trash/${entry!.id}/restore`, { as: marina.admin }),
      404,
      'NOT_FOUND',
    )
    expectAnswer(await restore(999_999), 404, 'NOT_FOUND')
    await marina.ground.db.transaction((tx) => setLimit(tx, project.id, 100))
    expectAnswer(await restore(entry!.id), 403, 'DENIED')
    await marina.ground.db.transaction((tx) => setLimit(tx, project.id, -1))
    await pushImage(marina, repository, { tag: 'one' })
    expectAnswer(await restore(entry!.id), 409, 'CONFLICT')
    assert.equal((await list()).length, 1)
    await marina.ground.db.run(sql`update trash set deleted_at = deleted_at - interval '8 days'`)
    assert.deepEqual(await list(), [])
    expectAnswer(await restore(entry!.id), 404, 'NOT_FOUND')
    await marina.ground.db.run(sql`update trash_blob set deleted_at = deleted_at - interval '8 days'`)
    await run()
    assert.equal(await marina.ground.db.row(sql`select id from trash where id = ${entry!.id}`), undefined)
    assert.equal(await pull(image.digest), 404)
  })

  test('a tag that is set while its old artifact is being restored stays, and nothing is restored', async () => {
    const { db } = marina.ground
    const old = await pushImage(marina, repository, { tag: 'one' })
    const other = await pushImage(marina, repository, { tag: 'other' })
    await deleteArtifact('one')
    const [entry] = await list()
    await using rival = await openRival(db, sql`select from repository where name = ${repository} for update`)
    const restoring = restore(entry!.id)
    await untilWaiting(db)
    expectAnswer(await api('POST', '/repositories/app/artifacts/other/tags', marina.admin, { name: 'one' }), 201)
    await rival.commit()
    expectAnswer(await restoring, 409, 'CONFLICT')
    const { headers } = await marina.ask('GET', `/v2/${repository}/manifests/one`, { as: marina.admin })
    assert.equal(headers['docker-content-digest'], other.digest)
    assert.equal(await pull(old.digest), 404)
    assert.deepEqual(
      (await list()).map(({ id }) => id),
      [entry!.id],
    )
  })

  test('restores into a repository that is deleted at the same moment', async () => {
    const { db } = marina.ground
    await pushImage(marina, repository, { tag: 'one' })
    await deleteArtifact('one')
    const [entry] = await list()
    await using rival = await openRival(db, sql`delete from released_link`)
    await rival.run(sql`delete from repository where name = ${repository}`)
    const restoring = restore(entry!.id)
    await untilWaiting(db)
    await rival.commit()
    expectAnswer(await restoring, 200)
    assert.equal(await pull('one'), 200)
    await run()
    assert.deepEqual(await findDisagreements(marina), [])
  })

  test('is for callers that may delete artifacts', async () => {
    await pushImage(marina, repository, { tag: 'one' })
    await deleteArtifact('one')
    const [entry] = await list()
    for (const role of ['developer', 'guest'] as const) {
      const person = await givenMember(marina, project, role)
      expectAnswer(await api('GET', '/trash', person), 403, 'FORBIDDEN')
      expectAnswer(await restore(entry!.id, person), 403, 'FORBIDDEN')
    }
    expectAnswer(await restore(entry!.id, await givenMember(marina, project, 'maintainer')), 200)
  })

  test('a window of 0 keeps nothing', async () => {
    await using plain = await openTestMarina({ MARINA_WORKERS: 'none', MARINA_UNDELETE_WINDOW: '0s' })
    const image = await pushImage(plain, 'library/x', { tag: 'one' })
    expectAnswer(await plain.ask('DELETE', `/v2/library/x/manifests/${image.digest}`, { as: plain.admin }), 202)
    assert.deepEqual(
      expectAnswer(await callApi(plain, 'GET', '/projects/library/trash', { as: plain.admin }), 200).json(),
      [],
    )
  })

  test("a project's deletions are dropped with it, and their bytes go with the next collection", async () => {
    await pushImage(marina, repository, { tag: 'one' })
    expectAnswer(await api('DELETE', '/repositories/app'), 200)
    expectAnswer(await api('DELETE', ''), 200)
    assert.equal((await run()).blobs >= 2, true)
    assert.deepEqual(await findDisagreements(marina), [])
  })
})
