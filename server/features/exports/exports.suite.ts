import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from '../../platform/db/sql.ts'
import { JobAborted } from '../../platform/jobs/type.ts'
import { openTestMarina, openBeside, type TestSettings } from '../../testing/server.ts'
import { callApi, factsSince, givenRobot, lastFact } from '../../testing/api.ts'
import { fresh, givenProject, givenUser, pushImage } from '../../testing/given.ts'
import { basic, eventually, expectAnswer, type Person } from '../../testing/http.ts'
import type { TestMarina } from '../../testing/server.ts'
import { openSystemArtifacts } from '../system-artifacts/index.ts'
import { artifactExportHandler } from './jobs.ts'

/** Tests that reports must pass with every kind of storage. */
export async function testExports(settings: TestSettings): Promise<void> {
  // One process gets the requests, the other runs the jobs.
  const marina = await openTestMarina({ MARINA_WORKERS: 'none', ...settings })
  const worker = await openBeside(marina, { MARINA_WORKERS: 'in-process', ...settings })
  after(async () => {
    await worker[Symbol.asyncDispose]()
    await marina[Symbol.asyncDispose]()
  })
  const {
    admin,
    ground: { db },
  } = marina

  type Status = { id: number; user_id: number; user_name: string; status: string; file_present: boolean }
  const ask = async (body: object = {}, as: Person = admin) =>
    expectAnswer(await callApi(marina, 'POST', '/export/artifacts', { as, body }), 201)
  const statusOf = async (id: number, as: Person = admin, at: TestMarina = marina) =>
    expectAnswer(await callApi(at, 'GET', `/export/artifacts/executions/${id}`, { as }), 200).json() as Status
  const download = (id: number, as: Person = admin, at: TestMarina = marina) =>
    callApi(at, 'GET', `/export/artifacts/download/${id}`, { as })
  async function ready(body: object = {}, as: Person = admin): Promise<number> {
    const { id } = (await ask(body, as)).json() as { id: number }
    await eventually(async () =>
      assert.deepEqual([(await statusOf(id, as)).status, (await statusOf(id, as)).file_present], ['Success', true]),
    )
    return id
  }

  /** Reads CSV (RFC 4180) as a spreadsheet does. */
  function readCsv(text: string): string[][] {
    const rows: string[][] = [[]]
    for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
      if (end === '' && quoted === undefined && bare === '') continue
      rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? bare ?? '')
      if (end === '\r\n') rows.push([])
    }
    return rows.at(-1)!.length === 0 ? rows.slice(0, -1) : rows
  }

  test('S0-32, S0-34: one process takes the request, another writes the report, a third sends it', async () => {
    const [A, B] = [await givenProject(marina), await givenProject(marina)]
    const image = await pushImage(marina, `${A.name}/app`, { tag: 'v1' })
    await pushImage(marina, `${A.name}/app`, {})
    await pushImage(marina, `${B.name}/other`, { tag: 'v1' })
    const since = await lastFact(marina)
    const asked = await ask({ projects: [A.id] })
    const { id } = asked.json() as { id: number }
    assert.equal(asked.headers.location, `/api/v2.0/export/artifacts/executions/${id}`)
    await eventually(async () => assert.equal((await statusOf(id)).file_present, true))
    const { user_name: name, status } = await statusOf(id)
    assert.deepEqual([name, status], ['admin', 'Success'])
    await using third = await openBeside(marina, { MARINA_WORKERS: 'none', ...settings })
    const answer = expectAnswer(await download(id, admin, third), 200)
    assert.deepEqual(
      [answer.headers['content-type'], answer.headers['content-disposition'], Number(answer.headers['content-length'])],
      ['text/csv; charset=utf-8', `attachment; filename="artifacts-${id}.csv"`, answer.body.length],
    )
    const [head, ...rows] = readCsv(answer.text)
    assert.deepEqual(head, [
      'project',
      'repository',
      'digest',
      'type',
      'tags',
      'labels',
      'size_bytes',
      'push_time',
      'pull_time',
      'pulls',
    ])
    assert.equal(rows.length, 2)
    const [first] = rows
    assert.deepEqual(first!.slice(0, 6), [A.name, `${A.name}/app`, image.digest, 'IMAGE', 'v1', ''])
    assert.ok(Number(first![6]) > 200 && !Number.isNaN(Date.parse(first![7]!)))
    assert.deepEqual(first!.slice(8), ['', '0'])
    await eventually(async () =>
      assert.deepEqual(
        (await factsSince(marina, since)).map(({ topic }) => topic),
        ['export.requested', 'system-artifact.created', 'system-artifact.deleted', 'export.downloaded'],
      ),
    )
  })

  test('S0-33: the first whole download deletes the report and its bytes', async () => {
    const id = await ready()
    assert.ok(await db.row(sql`select id from system_artifact where repository = ${`export_${id}`}`))
    expectAnswer(await download(id), 200)
    await eventually(async () => assert.equal((await statusOf(id)).file_present, false))
    expectAnswer(await download(id), 404, 'NOT_FOUND')
    assert.equal(await db.row(sql`select id from system_artifact where repository = ${`export_${id}`}`), undefined)
    assert.equal((await statusOf(id)).status, 'Success')
  })

  test('S0-33: a download that is cut short does not delete the report', async () => {
    const project = await givenProject(marina)
    await pushImage(marina, `${project.name}/app`, { tag: 'v1' })
    // The report is larger than all buffers between the storage and the client.
    await db.run(sql`
      insert into artifact (repository_id, digest, media_type, kind, size, annotations)
      select id, 'sha256:' || encode(sha256(number::text::bytea), 'hex'), 'x', 'image', 1, '{}'
      from repository, generate_series(1, 30000) as number where name = ${`${project.name}/app`}`)
    const id = await ready({ projects: [project.id] })
    await new Promise<void>((resolve, reject) => {
      const asked = request(
        {
          port: marina.port,
          path: `/api/v2.0/export/artifacts/download/${id}`,
          headers: { authorization: basic(admin) },
          agent: new Agent({ keepAlive: false }),
        },
        (response) => {
          response.once('data', () => {
            response.destroy()
            resolve()
          })
          response.on('error', () => {})
        },
      )
      asked.on('error', reject)
      asked.end()
    })
    await sleep(300)
    assert.equal((await statusOf(id)).file_present, true)
    const { text } = expectAnswer(await download(id), 200)
    assert.equal(readCsv(text).length, 30_002)
    await db.run(sql`delete from artifact where media_type = 'x'`)
  })

  test('S0-33: only the requester sees and downloads a report, another administrator is refused', async () => {
    const [other, plain] = [await givenUser(marina, fresh('sys'), true), await givenUser(marina)]
    const robot = await givenRobot(marina, fresh('exporter'), { access: [{ resource: 'catalog', action: 'read' }] })
    const id = await ready({}, robot)
    for (const as of [other, admin]) {
      expectAnswer(await download(id, as), 403, 'FORBIDDEN')
      expectAnswer(await callApi(marina, 'GET', `/export/artifacts/executions/${id}`, { as }), 403, 'FORBIDDEN')
    }
    expectAnswer(await download(id, plain), 403, 'FORBIDDEN')
    expectAnswer(await callApi(marina, 'GET', `/export/artifacts/download/${id}`), 401, 'UNAUTHORIZED')
    const list = async (as: Person) =>
      (
        expectAnswer(await callApi(marina, 'GET', '/export/artifacts/executions', { as }), 200).json() as {
          items: Status[]
        }
      ).items.map((one) => one.id)
    assert.ok(!(await list(other)).includes(id) && !(await list(admin)).includes(id))
    assert.deepEqual(await list(robot), [id])
    assert.deepEqual(
      (
        expectAnswer(await callApi(marina, 'GET', '/export/artifacts/executions', { as: robot }), 200).json() as {
          items: Status[]
        }
      ).items[0]!.file_present,
      true,
    )
    expectAnswer(await download(id, robot), 200)
    expectAnswer(await download(999_999_999), 404, 'NOT_FOUND')
  })

  test('H37: cells that a spreadsheet would run as formulas are escaped, and line breaks make no row', async () => {
    const project = await givenProject(marina)
    const evil = ['=HYPERLINK("http://evil","x")', '+cmd|calc', '@SUM(1)', '-2+3', 'a"b', 'two\r\nlines', '\t=1']
    for (const name of evil) {
      const { digest } = await pushImage(marina, `${project.name}/app`)
      const { id: label } = (await db.row<{ id: number }>(
        sql`insert into label (name, project_id) values (${name}, ${project.id}) returning id`,
      ))!
      await db.run(
        sql`insert into artifact_label (artifact_id, label_id)
          select id, ${label} from artifact where digest = ${digest}`,
      )
    }
    const { text } = expectAnswer(await download(await ready({ projects: [project.id] })), 200)
    const rows = readCsv(text).slice(1)
    assert.deepEqual(
      rows.map((row) => row[5]),
      [`'=HYPERLINK("http://evil","x")`, `'+cmd|calc`, `'@SUM(1)`, `'-2+3`, 'a"b', 'two\r\nlines', `'\t=1`],
    )
    assert.ok(rows.every((row) => row.length === 10))
    assert.ok(text.includes(`"'=HYPERLINK(""http://evil"",""x"")"`))
  })

  test('a run of an export that has lost its lease leaves the file of the later run alone', async () => {
    const id = await ready()
    const { blobs } = marina.ground
    const artifacts = openSystemArtifacts({ db, blobs, ttlMs: 86_400_000, limits: { all: 0, vendor: 0 } })
    const late = artifactExportHandler(db, artifacts).run({
      params: { projectIds: null },
      taskId: 0,
      executionId: id,
      vendorId: 0,
      trigger: 'MANUAL',
      attempt: 1,
      earlier: {},
      signal: new AbortController().signal,
      log: () => {},
      progress: () => {},
      keep: async () => Promise.reject(new JobAborted('lease lost')),
    })
    await assert.rejects(late, /lease lost/)
    assert.equal((await statusOf(id)).file_present, true)
    expectAnswer(await download(id), 200)
  })

  test('a requester can have at most 5 unfinished reports at a time', async () => {
    const eager = await givenUser(marina, fresh('eager'), true)
    expectAnswer(
      await callApi(marina, 'PUT', '/jobservice/queues/ARTIFACT_EXPORT', { as: admin, body: { action: 'pause' } }),
      200,
    )
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => callApi(marina, 'POST', '/export/artifacts', { as: eager, body: {} })),
    )
    assert.deepEqual(
      [answers.filter(({ status }) => status === 201).length, answers.filter(({ status }) => status === 412).length],
      [5, 3],
    )
    expectAnswer(
      await callApi(marina, 'PUT', '/jobservice/queues/ARTIFACT_EXPORT', { as: admin, body: { action: 'stop' } }),
      200,
    )
    expectAnswer(
      await callApi(marina, 'PUT', '/jobservice/queues/ARTIFACT_EXPORT', { as: admin, body: { action: 'resume' } }),
      200,
    )
    await ask({}, eager)
  })
}
