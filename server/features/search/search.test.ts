import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { fresh, givenCast, givenProject, pushImage } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const { admin, ask, ground } = marina
const { A, P, laA, uaB, sys } = await givenCast(marina)
await pushImage(marina, `${A.name}/tool`)
await pushImage(marina, `${A.name}/tool`)
await pushImage(marina, `${P.name}/tool`)

type Found = {
  project: { name: string; repo_count: number; metadata: { public: string } }[]
  repository: { repository_name: string; project_name: string; project_public: boolean; artifact_count: number }[]
}
const search = async (q: string, as: Person | undefined) =>
  expectAnswer(await ask('GET', `/api/v2.0/search?q=${encodeURIComponent(q)}`, { as }), 200).json() as Found
const names = ({ project, repository }: Found) => [
  project.map(({ name }) => name),
  repository.map((one) => one.repository_name),
]

test('a search finds projects and repositories that the caller may see, and no others', async () => {
  const inA = [[A.name], [`${A.name}/tool`]]
  for (const as of [laA, sys]) assert.deepEqual(names(await search(A.name, as)), inA)
  for (const as of [uaB, undefined]) assert.deepEqual(names(await search(A.name, as)), [[], []])
  const tools = await search('/tool', undefined)
  assert.deepEqual(tools.repository, [
    {
      ...tools.repository[0],
      repository_name: `${P.name}/tool`,
      project_name: P.name,
      project_public: true,
      artifact_count: 1,
    },
  ])
  assert.equal((await search(`${A.name}/tool`, laA)).repository[0]!.artifact_count, 2)
  assert.deepEqual(
    (await search(P.name, undefined)).project.map(({ repo_count, metadata }) => [repo_count, metadata]),
    [[1, { public: 'true' }]],
  )
})

test('_ and % mean themselves, and an empty text finds all that is seen', async () => {
  const stem = fresh('lit')
  for (const name of [`${stem}a_b`, `${stem}axb`]) await givenProject(marina, { name })
  assert.deepEqual(
    (await search(`${stem}a_b`, admin)).project.map(({ name }) => name),
    [`${stem}a_b`],
  )
  assert.deepEqual(names(await search('%', admin)), [[], []])
  assert.deepEqual((await search('', undefined)).project.map(({ name }) => name).sort(), ['library', P.name].sort())
  expectAnswer(await ask('GET', '/api/v2.0/search'), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(await ask('GET', '/api/v2.0/search?q=%00'), 400, 'BAD_REQUEST')
})

test('statistics count what the caller may see; totals and bytes are for administrators', async () => {
  const statistics = async (as: Person) =>
    expectAnswer(await ask('GET', '/api/v2.0/statistics', { as }), 200).json() as Record<string, number>
  const none = { total_project_count: 0, total_repo_count: 0, total_storage_consumption: 0 }
  assert.deepEqual(await statistics(laA), {
    public_project_count: 2,
    public_repo_count: 1,
    private_project_count: 1,
    private_repo_count: 1,
    ...none,
  })
  assert.deepEqual(await statistics(uaB), {
    public_project_count: 2,
    public_repo_count: 1,
    private_project_count: 1,
    private_repo_count: 0,
    ...none,
  })
  const { projects, bytes } = (await ground.db.row<{ projects: number; bytes: number }>(sql`
    select (select count(*) from project) as projects, (
      (select sum(size) from blob) + (select sum(octet_length(content)) from manifest))::bigint as bytes`))!
  const all = await statistics(sys)
  assert.deepEqual(
    [
      all['total_project_count'],
      all['private_project_count'],
      all['total_repo_count'],
      all['total_storage_consumption'],
    ],
    [projects, projects - 2, 2, bytes],
  )
  expectAnswer(await ask('GET', '/api/v2.0/statistics'), 401, 'UNAUTHORIZED')
})
