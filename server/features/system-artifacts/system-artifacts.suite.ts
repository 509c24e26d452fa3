import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { digestOf, type Digest } from '../../../oci/digest.ts'
import { blobPath } from '../../catalog/blob.ts'
import type { Failure } from '../../platform/http/failure.ts'
import { isReferenceViolation } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { readJobLog } from '../../platform/jobs/log.ts'
import { findSchedule } from '../../platform/jobs/schedule.ts'
import { openWorkers } from '../../platform/jobs/workers.ts'
import { openLog } from '../../platform/observe/log.ts'
import { callApi, factsSince, lastFact } from '../../testing/api.ts'
import { findDisagreements, fresh, givenProject, givenUser, pushBlob } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openBeside, openTestMarina, type TestSettings } from '../../testing/server.ts'
import { collect } from '../gc/index.ts'
import { openSystemArtifacts, type NewSystemArtifact } from './artifacts.ts'
import { cleanupHandler, systemArtifactCleanup } from './jobs.ts'
import { fullName, linkPath, linksPrefix, namespace } from './rules.ts'
import { createRecord, dropRecord, getRecord, listRecords, sumSizes } from './store.ts'

/** The rules (S0) of system artifacts, for any kind of storage. */
export async function testSystemArtifacts(settings: TestSettings): Promise<void> {
  const marina = await openTestMarina({ MARINA_WORKERS: 'in-process', ...settings })
  after(() => marina[Symbol.asyncDispose]())
  const { admin, ask, ground } = marina
  const { db, blobs } = ground
  const day = 86_400_000
  const open = (limits = { all: 0, vendor: 0 }, ttlMs = day) => openSystemArtifacts({ db, blobs, ttlMs, limits })
  const artifacts = open()
  const signal = new AbortController().signal

  /** The example in Harbor's design (S0-13). */
  const place = (more: Partial<NewSystemArtifact> = {}) => ({
    vendor: 'ScanExportJob',
    repository: fresh('export'),
    type: 'CSVExportDetail',
    ...more,
  })
  const bytesOf = (size = 100) => randomBytes(size)
  const create = (more: Partial<NewSystemArtifact> = {}, bytes: Uint8Array = bytesOf()) =>
    artifacts.create(place(more), Readable.from([bytes]))
  const refused = (work: Promise<unknown>, code: string) =>
    assert.rejects(work, (error: Failure) => (assert.equal(error.code, code, error.stack), true))
  const isStored = async (digest: Digest) => (await blobs.find(blobPath(digest))) !== undefined
  const count = async (table: 'system_artifact' | 'system_repository' | 'blob') =>
    (await db.row<{ count: number }>({ name: '', text: `select count(*) from ${table}`, values: [] }))!.count
  const all = async <Item>(items: AsyncIterable<Item>) => {
    const found: Item[] = []
    for await (const item of items) found.push(item)
    return found
  }
  async function text(repository: string, digest: Digest): Promise<Buffer> {
    const { bytes } = await artifacts.read(repository, digest)
    return Buffer.concat(await all(bytes as AsyncIterable<Buffer>))
  }

  test('S0-01, S0-21: the record has the columns of the design, and the current time by default', async () => {
    const columns = await db.rows<{ name: string; type: string }>(
      sql`select column_name as name, data_type as type from information_schema.columns
        where table_name = 'system_artifact' order by ordinal_position`,
    )
    const wanted = {
      id: 'bigint',
      repository: 'text',
      digest: 'text',
      size: 'bigint',
      vendor: 'text',
      type: 'text',
      create_time: 'timestamp with time zone',
      extra_attrs: 'jsonb',
    }
    assert.deepEqual(Object.fromEntries(columns.slice(0, 8).map(({ name, type }) => [name, type])), wanted)
    const made = await create({ attrs: { rows: 3 } })
    assert.ok(Math.abs(made.createTime.getTime() - Date.now()) < 60_000)
    assert.deepEqual(
      [made.size, made.attrs, made.vendor, made.type],
      [100, { rows: 3 }, 'ScanExportJob', 'CSVExportDetail'],
    )
    const then = new Date('2026-01-02T03:04:05Z')
    assert.deepEqual((await create({ createTime: then })).createTime, then)
  })

  test('S0-02, S0-14: the same bytes twice are a conflict in one repository, not in two', async () => {
    const [bytes, repository] = [bytesOf(), fresh('twice')]
    const { digest } = await create({ repository }, bytes)
    await refused(create({ repository }, bytes), 'CONFLICT')
    await refused(create({ repository, digest }, bytes), 'CONFLICT')
    await refused(create({ repository, type: 'ScanSummary' }, bytes), 'CONFLICT')
    const other = await create({}, bytes)
    assert.deepEqual([await text(repository, digest), await text(other.repository, digest)], [bytes, bytes])
    await artifacts.delete(other.repository, digest)
    assert.deepEqual(await text(repository, digest), bytes, 'the first keeps its bytes')
    await artifacts.delete(repository, digest)
    assert.equal(await isStored(digest), false)
  })

  test('S0-03, S0-04, S0-08: 0 to millions of any bytes are one blob each, without a manifest', async () => {
    const before = await db.row(
      sql`select (select count(*) from artifact) as artifacts, (select count(*) from manifest) as manifests,
        (select count(*) from repository) as repositories`,
    )
    const big = bytesOf(3_000_000)
    for (const bytes of [Buffer.alloc(0), Buffer.from([0, 255, 10]), big]) {
      const made = await create({}, bytes)
      assert.equal(made.digest, digestOf(bytes))
      assert.deepEqual(await text(made.repository, made.digest), bytes)
      assert.equal(
        (await db.row<{ count: number }>(sql`select count(*) from blob where digest = ${made.digest}`))!.count,
        1,
      )
    }
    assert.deepEqual(
      await db.row(
        sql`select (select count(*) from artifact) as artifacts, (select count(*) from manifest) as manifests,
          (select count(*) from repository) as repositories`,
      ),
      before,
    )
  })

  test('S0-05, S0-06, S0-07: a vendor has many repositories, a repository many types and one vendor', async () => {
    const repository = fresh('mine')
    await create({ repository })
    await create({ repository, type: 'ScanSummary' })
    await create({ vendor: 'ScanExportJob' })
    const bytes = bytesOf()
    await refused(create({ repository, vendor: 'SomebodyElse' }, bytes), 'CONFLICT')
    assert.equal(await isStored(digestOf(bytes)), false)
    assert.deepEqual(
      (await artifacts.list({ q: `repository=${repository}`, sort: 'type' })).map(({ type, vendor }) => [type, vendor]),
      [
        ['CSVExportDetail', 'ScanExportJob'],
        ['ScanSummary', 'ScanExportJob'],
      ],
    )
  })

  test('S0-09, S0-10, S0-11, S0-13, S0-31: bytes are a blob, with a link below the reserved namespace', async () => {
    const { repository, digest } = await create()
    const at = { vendor: 'ScanExportJob', repository, type: 'CSVExportDetail' }
    assert.equal(fullName(at), `sys_harbor_ns/ScanExportJob/${repository}/CSVExportDetail`)
    assert.equal(await isStored(digest), true)
    const hex = digest.slice(7)
    assert.equal(
      linkPath(at, digest),
      `docker/registry/v2/repositories/sys_harbor_ns/ScanExportJob/${repository}/CSVExportDetail/` +
        `_layers/sha256/${hex}/link`,
    )
    assert.deepEqual(
      Buffer.concat(await all((await blobs.read(linkPath(at, digest))) as AsyncIterable<Buffer>)).toString(),
      digest,
    )
    for (const bad of ['', '../up', 'a/b', '.hidden', 'a b', 'x'.repeat(101), 'a\0b'])
      await refused(create({ repository: bad }), 'BAD_REQUEST')
  })

  test("S0-12: no project can have the reserved namespace's name, in either of Harbor's spellings", async () => {
    const user = await givenUser(marina)
    for (const name of [namespace, 'sys_harb0r']) {
      for (const as of [admin, user])
        expectAnswer(
          await callApi(marina, 'POST', '/projects', { as, body: { project_name: name } }),
          400,
          'BAD_REQUEST',
        )
      for (const [method, path, body] of [
        ['GET', '', undefined],
        ['PUT', '', { metadata: { public: 'true' } }],
        ['DELETE', '', undefined],
        ['GET', '/repositories', undefined],
        ['GET', '/summary', undefined],
      ] as const) {
        expectAnswer(await callApi(marina, method, `/projects/${name}${path}`, { as: admin, body }), 404, 'NOT_FOUND')
        expectAnswer(await callApi(marina, method, `/projects/${name}${path}`, { as: user, body }), 403, 'FORBIDDEN')
      }
      expectAnswer(await callApi(marina, 'HEAD', `/projects?project_name=${name}`, { as: admin }), 404)
    }
  })

  test('S0-14 to S0-18: records are created, read, deleted, listed by q, sort and page, and summed', async () => {
    const [bytes, repository, before] = [bytesOf(), fresh('records'), await sumSizes(db)]
    const record = { ...place({ repository }), digest: digestOf(bytes), size: 1234 }
    const id = await db.transaction((tx) => createRecord(tx, record))
    await refused(
      db.transaction((tx) => createRecord(tx, record)),
      'CONFLICT',
    )
    assert.equal((await getRecord(db, repository, record.digest)).id, id)
    assert.equal(await sumSizes(db), before + 1234)
    for (let index = 0; index < 5; index++)
      await db.transaction((tx) => createRecord(tx, { ...record, digest: digestOf(bytesOf()), size: index }))
    const sizes = async (query: object) =>
      (await listRecords(db, { q: `repository=${repository}`, ...query })).map(({ size }) => size)
    assert.deepEqual(await sizes({ sort: '-size', page_size: 3 }), [1234, 4, 3])
    assert.deepEqual(await sizes({ sort: '-size', page_size: 3, page: 2 }), [2, 1, 0])
    assert.deepEqual(await sizes({ q: `repository=${repository},size=[2~3]` }), [2, 3])
    for (const { digest } of await listRecords(db, { q: `repository=${repository}`, page_size: 100 }))
      await db.transaction((tx) => dropRecord(tx, repository, digest))
    await refused(getRecord(db, repository, record.digest), 'NOT_FOUND')
    assert.equal(await sumSizes(db), before)
  })

  test('an artifact without its bytes is not found, like one without a record', async () => {
    const { repository, digest } = await create()
    await blobs.remove(blobPath(digest))
    await refused(artifacts.read(repository, digest), 'NOT_FOUND')
    await artifacts.delete(repository, digest)
    await refused(artifacts.read(repository, digest), 'NOT_FOUND')
  })

  test('S0-19, S0-20: a repository lives as long as its artifacts; a failed creation leaves nothing', async () => {
    const before = [await count('system_artifact'), await count('system_repository'), await count('blob')]
    const broken = async function* () {
      yield bytesOf()
      throw new Error('the producer broke')
    }
    await assert.rejects(artifacts.create(place(), broken()), /the producer broke/)
    const bytes = bytesOf()
    await refused(create({ digest: digestOf(bytesOf()) }, bytes), 'BAD_REQUEST')
    await refused(create({ size: 99 }, bytes), 'BAD_REQUEST')
    assert.equal(await isStored(digestOf(bytes)), false)
    // A record that PostgreSQL refuses when the bytes are already stored.
    await db.run(sql`alter table system_artifact add constraint refused_by_the_test check (type <> 'Refused')`)
    await assert.rejects(create({ type: 'Refused' }, bytes), /refused_by_the_test/)
    await db.run(sql`alter table system_artifact drop constraint refused_by_the_test`)
    assert.equal(await isStored(digestOf(bytes)), false)
    assert.deepEqual([await count('system_artifact'), await count('system_repository'), await count('blob')], before)
    assert.deepEqual(await all(artifacts.findUntracked(0)), [])
    const { repository, digest } = await create()
    assert.equal(await count('system_repository'), before[1]! + 1)
    await artifacts.delete(repository, digest)
    assert.equal(await count('system_repository'), before[1])
    for await (const _ of blobs.listStages()) assert.fail('a stage was left')
  })

  test('S0-15, S0-16, S0-22, S0-23, S0-25: a deletion takes record, link and bytes; then it is 404', async () => {
    const since = await lastFact(marina)
    const { repository, digest } = await create()
    await refused(artifacts.get(repository, digestOf(bytesOf())), 'NOT_FOUND')
    await refused(artifacts.read(fresh('none'), digest), 'NOT_FOUND')
    await refused(artifacts.delete(repository, digestOf(bytesOf())), 'NOT_FOUND')
    assert.equal((await artifacts.get(repository, digest)).size, 100)
    await artifacts.delete(repository, digest)
    await refused(artifacts.get(repository, digest), 'NOT_FOUND')
    assert.equal(await isStored(digest), false)
    for await (const { key } of blobs.list(linksPrefix)) assert.ok(!key.includes(repository), key)
    // Chores of the same process may emit facts in between.
    const told = (await factsSince(marina, since)).filter(({ payload }) => payload['repository'] === repository)
    assert.deepEqual(
      told.map(({ topic }) => topic),
      ['system-artifact.created', 'system-artifact.deleted'],
    )
  })

  test('S0-24: an artifact exists only while both its record and its bytes do', async () => {
    const { repository, digest } = await create()
    assert.equal(await artifacts.exists(repository, digest), true)
    await blobs.remove(blobPath(digest))
    assert.equal(await artifacts.exists(repository, digest), false)
    await artifacts.reconcile({ signal, ageMs: 0 })
    assert.equal(await artifacts.exists(repository, digest), false)
  })

  test('S0-26, S0-27, S0-41, S0-42: links without a record and records without bytes are removed', async () => {
    const [lost, orphan, fine] = [await create(), await create(), await create()]
    await blobs.remove(blobPath(lost.digest))
    await db.run(sql`delete from system_artifact where id = ${orphan.id}`)
    await db.run(sql`delete from blob where id = ${orphan.blobId}`)
    assert.deepEqual(await all(artifacts.findUntracked()), [], 'it may be on its way in')
    // The times of S3 are whole seconds, and some servers round them up.
    await eventually(async () =>
      assert.deepEqual(
        (await all(artifacts.findUntracked(0))).map((one) => one.text),
        [`${orphan.repository}:${orphan.digest}`],
      ),
    )
    assert.deepEqual(
      (await all(artifacts.findStale())).map(({ id }) => id),
      [lost.id],
    )
    assert.deepEqual(await artifacts.reconcile({ signal, ageMs: 0 }), { untracked: 1, stale: 1 })
    assert.deepEqual([await isStored(orphan.digest), await isStored(fine.digest)], [false, true])
    await refused(artifacts.get(lost.repository, lost.digest), 'NOT_FOUND')
    assert.deepEqual(await artifacts.reconcile({ signal, ageMs: 0 }), { untracked: 0, stale: 0 })
  })

  test("S0-28, S0-47: the administrator's statistics include the size of all system artifacts", async () => {
    const total = async () =>
      (expectAnswer(await callApi(marina, 'GET', '/statistics', { as: admin }), 200).json() as Record<string, number>)[
        'total_storage_consumption'
      ]!
    const [size, before] = [await artifacts.size(), await total()]
    const { repository, digest } = await create({}, bytesOf(12_345))
    assert.deepEqual([await artifacts.size(), await total()], [size + 12_345, before + 12_345])
    await artifacts.delete(repository, digest)
    assert.deepEqual([await artifacts.size(), await total()], [size, before])
  })

  test('S0-29, S0-30, S0-36 to S0-40: the cleanup removes day-old artifacts, or those that criteria name', async () => {
    const mine = open()
    const old = new Date(Date.now() - day - 60_000)
    const vendor = fresh('Vendor')
    const [aged, young] = [
      await create({ vendor, createTime: old }, bytesOf(500)),
      await create({ vendor, createTime: new Date(Date.now() - day + 60_000) }),
    ]
    const [kept, chosen] = [
      await create({ vendor, type: 'Own', createTime: old }),
      await create({ vendor, type: 'Own' }),
    ]
    const otherType = await create({ vendor: `${vendor}2`, type: 'Own', createTime: old })
    mine.registerCleanup(vendor, 'Own', { list: async () => [chosen] })
    mine.registerCleanup(`${vendor}3`, 'Broken', {
      list: async () => {
        throw new Error('no idea')
      },
    })
    const troubles: string[] = []
    const result = await mine.cleanup({
      signal,
      onTrouble: (name, error) => void troubles.push(`${name}: ${(error as Error).message}`),
    })
    assert.deepEqual(troubles, [`${vendor}3: no idea`])
    const left = async ({ repository, digest }: typeof aged) => mine.exists(repository, digest)
    assert.deepEqual(await Promise.all([aged, young, kept, chosen, otherType].map(left)), [
      false,
      true,
      true,
      false,
      false,
    ])
    assert.ok(result.deleted >= 3 && result.bytes >= 700, JSON.stringify(result))
  })

  test('S0-35: the cleanup is a daily job at midnight, one at a time, with one try, and logs its result', async () => {
    const schedule = (await findSchedule(db, 'SYSTEM_ARTIFACT_CLEANUP'))!
    assert.deepEqual([schedule.cronType, schedule.cron], ['Daily', '0 0 0 * * *'])
    assert.deepEqual(
      [systemArtifactCleanup.isSingle, systemArtifactCleanup.isAlone, systemArtifactCleanup.maxTries],
      [true, true, 1],
    )
    const { digest, repository } = await create({ createTime: new Date(0) })
    const { taskId } = await db.transaction((tx) =>
      enqueue(tx, systemArtifactCleanup, { params: {}, trigger: 'MANUAL' }),
    )
    await eventually(async () =>
      assert.equal(
        (await db.row<{ status: string }>(sql`select status from task where id = ${taskId}`))!.status,
        'Success',
      ),
    )
    assert.equal(await artifacts.exists(repository, digest), false)
    assert.match((await readJobLog(db, taskId))!, /\d+ system artifacts deleted, \d+ bytes\n/)
    await using _other = await openWorkers({
      db,
      handlers: [cleanupHandler(artifacts)],
      log: openLog({ level: 'silent', format: 'json' }),
      concurrency: 1,
      leaseMs: 5000,
      logBytes: 4096,
      drainMs: 100,
    })
  })

  test('S0-34: an artifact made by one process is read and deleted by another', async () => {
    await using beside = await openBeside(marina, { MARINA_WORKERS: 'none', ...settings })
    const there = openSystemArtifacts({
      db: beside.ground.db,
      blobs: beside.ground.blobs,
      ttlMs: day,
      limits: { all: 0, vendor: 0 },
    })
    const bytes = bytesOf(5000)
    const { repository, digest } = await create({}, bytes)
    const { size, bytes: stream } = await there.read(repository, digest)
    assert.deepEqual([size, Buffer.concat(await all(stream as AsyncIterable<Buffer>))], [5000, bytes])
    await there.delete(repository, digest)
    assert.equal(await artifacts.exists(repository, digest), false)
  })

  test('S0-43: no table of images names its blob, and the blob cannot be deleted while it is there', async () => {
    const { repository, digest, blobId } = await create()
    assert.equal(
      (await db.row<{ count: number }>(
        sql`select (select count(*) from repository_blob where blob_id = ${blobId}) +
          (select count(*) from artifact_blob where blob_id = ${blobId}) +
          (select count(*) from artifact where digest = ${digest}) as count`,
      ))!.count,
      0,
    )
    await assert.rejects(db.run(sql`delete from blob where id = ${blobId}`), isReferenceViolation)
    assert.equal(await artifacts.exists(repository, digest), true)
  })

  test('S0-43: an image with the same bytes keeps them when the artifact goes, and the reverse', async () => {
    const project = await givenProject(marina)
    const bytes = bytesOf()
    const { repository, digest } = await create({}, bytes)
    await pushBlob(marina, `${project.name}/same`, bytes)
    await artifacts.delete(repository, digest)
    assert.deepEqual((await ask('GET', `/v2/${project.name}/same/blobs/${digest}`, { as: admin })).body, bytes)
    const again = await create({ repository }, bytes)
    expectAnswer(await ask('DELETE', `/v2/${project.name}/same/blobs/${digest}`, { as: admin }), 202)
    assert.deepEqual(await text(again.repository, digest), bytes)
  })

  test('S0-20, S0-23: the same bytes can be stored again right after they were deleted, repeatedly', async () => {
    const [bytes, repository] = [bytesOf(), fresh('again')]
    for (let turn = 0; turn < 3; turn++) {
      const { digest } = await create({ repository }, bytes)
      assert.deepEqual(await text(repository, digest), bytes)
      await artifacts.delete(repository, digest)
      assert.equal(await isStored(digest), false)
    }
  })

  test('S0-43: a garbage collection without a delay ignores it, both before and after its deletion', async () => {
    const { repository, digest } = await create()
    const lines: string[] = []
    const run = () =>
      collect({
        db,
        blobs,
        gates: { untag: [] },
        by: { kind: 'system', id: null, name: 'test' },
        signal,
        log: (line) => void lines.push(line),
        progress: () => {},
        options: {
          delayMs: 0,
          keepMs: 0,
          isUntaggedGarbage: true,
          isDryRun: false,
          workers: 1,
          perSecond: 0,
          mayGoOn: () => true,
        },
      })
    await run()
    assert.equal(await artifacts.exists(repository, digest), true)
    await artifacts.delete(repository, digest)
    await run()
    assert.deepEqual(
      lines.filter((line) => line.includes(digest)),
      [],
    )
    assert.equal(await isStored(digest), false)
  })

  test('S0-44: it counts against the quota of no project', async () => {
    const before = await db.row(sql`select sum(used_storage)::text as used, count(*) from quota`)
    const charges = await db.row(sql`select count(*) from quota_charge`)
    await create({}, bytesOf(50_000))
    assert.deepEqual(
      [
        await db.row(sql`select sum(used_storage)::text as used, count(*) from quota`),
        await db.row(sql`select count(*) from quota_charge`),
      ],
      [before, charges],
    )
  })

  test('S0-45: what exceeds the limit of a vendor, or of all, is refused and leaves nothing', async () => {
    const [vendor, other] = [fresh('Limited'), fresh('Limited')]
    const limited = open({ all: 0, vendor: 1000 })
    const make = (by: string, size: number, on = limited) =>
      on.create(place({ vendor: by }), Readable.from([bytesOf(size)]))
    await make(vendor, 600)
    await refused(make(vendor, 401), 'DENIED')
    await make(other, 1000)
    const both = await Promise.allSettled([make(vendor, 300), make(vendor, 300)])
    assert.deepEqual(
      both.map(({ status }) => status).toSorted((a, b) => a.localeCompare(b)),
      ['fulfilled', 'rejected'],
    )
    assert.equal(await sumSizes(db, vendor), 900)
    const all = open({ all: (await artifacts.size()) + 100, vendor: 0 })
    await refused(make(fresh('Any'), 101, all), 'DENIED')
    await make(fresh('Any'), 100, all)
    // An endless source is read only up to the limit.
    const endless = async function* () {
      for (;;) yield Buffer.alloc(64 * 1024)
    }
    await refused(limited.create(place({ vendor }), endless()), 'DENIED')
    assert.equal(await count('system_artifact'), (await artifacts.list({ page_size: 1000 })).length)
  })

  test('S0-46, S0-48: no catalog, search, list or /v2 path shows it, to any caller', async () => {
    const { repository, digest } = await create()
    const name = `${namespace}/scanexportjob/${repository}/csvexportdetail`
    for (const path of [
      `${name}/blobs/${digest}`,
      `${name}/manifests/latest`,
      `${name}/manifests/${digest}`,
      `${name}/tags/list`,
      `${name}/referrers/${digest}`,
      `${fullName({ vendor: 'ScanExportJob', repository, type: 'CSVExportDetail' })}/blobs/${digest}`,
    ]) {
      const { status } = await ask('GET', `/v2/${path}`, { as: admin })
      assert.ok(status === 404 || (status === 400 && path.includes('ScanExportJob')), `${path}: ${status}`)
      assert.equal(
        (await ask('GET', `/v2/${path}`)).status,
        path.includes('ScanExportJob') ? 400 : 401,
        `${path} for strangers`,
      )
    }
    assert.equal((await ask('POST', `/v2/${name}/blobs/uploads/`, { as: admin })).status, 404)
    const shown = [
      await ask('GET', '/v2/_catalog', { as: admin }),
      await callApi(marina, 'GET', '/projects?page_size=100', { as: admin }),
      await callApi(marina, 'GET', '/repositories?page_size=100', { as: admin }),
      await callApi(marina, 'GET', '/search?q=sys', { as: admin }),
      await callApi(marina, 'GET', '/quotas?page_size=100', { as: admin }),
    ]
    for (const answer of shown) {
      assert.equal(answer.status, 200)
      assert.ok(!answer.text.includes(namespace) && !answer.text.includes(repository), answer.text)
    }
  })

  test('after all tests storage and database agree, but for the bytes that the tests removed', async () => {
    await artifacts.reconcile({ signal, ageMs: 0 })
    assert.deepEqual(await findDisagreements(marina, ['loss']), [])
  })
}
