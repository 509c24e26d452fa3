import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinTotals } from '../../catalog/repository.ts'
import { sql } from '../../platform/db/sql.ts'
import { fresh, givenProject, pushImage } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'

const { marina, rest, cast } = await openScene()
const { db } = marina.ground

/** The project's listed repositories, and the total beside them. */
async function listOf(project: string): Promise<{ names: string[]; total: number }> {
  const answer = expectAnswer(await rest('GET', `/projects/${project}/repositories?page_size=100`, cast.sys), 200)
  const names = (JSON.parse(answer.text) as { name: string }[]).map(({ name }) => name)
  return { names: names.sort(), total: Number(answer.headers['x-total-count']) }
}

/** Those that hold an artifact, by a look at all artifacts. */
async function filledOf(projectId: number): Promise<string[]> {
  const rows = await db.rows<{ name: string }>(sql`
    select distinct repository.name from repository join artifact on artifact.repository_id = repository.id
    where repository.project_id = ${projectId}`)
  return rows.map(({ name }) => name).sort()
}

const drop = (repository: string, reference: string) => {
  const [project, ...names] = repository.split('/')
  return rest('DELETE', `/projects/${project}/repositories/${names.join('%2F')}/artifacts/${reference}`, cast.sys)
}

test('a list and its total agree with what is there, also after pushes and deletions that raced', async () => {
  const project = await givenProject(marina, { name: fresh('listed') })
  const repositories = Array.from({ length: 6 }, (_, n) => `${project.name}/app${n}`)
  const worker = async (repository: string) => {
    for (let round = 0; round < 8; round++) {
      const { digest } = await pushImage(marina, repository, { tag: `v${round}` })
      expectAnswer(await drop(repository, digest), 200)
    }
  }
  const joining = (async () => {
    for (let round = 0; round < 20; round++) await joinTotals(db)
  })()
  // Two at once for each repository: the last artifact of one goes while the first of the other comes.
  await Promise.all([...repositories, ...repositories].map(worker).concat(joining))
  assert.deepEqual(await listOf(project.name), { names: await filledOf(project.id), total: 0 })

  for (const repository of repositories.slice(0, 4)) await pushImage(marina, repository, { tag: 'last' })
  const { names, total } = await listOf(project.name)
  assert.deepEqual(names, repositories.slice(0, 4))
  assert.deepEqual(names, await filledOf(project.id))
  assert.equal(total, 4)
})

test('numbers of repositories are joined, and stay the same', async () => {
  const project = await givenProject(marina, { name: fresh('joined') })
  for (let n = 0; n < 25; n++) await pushImage(marina, `${project.name}/app${n}`, { tag: 'v1' })
  const rows = async () =>
    (await db.row<{ count: number; sum: number }>(sql`
      select count(*), sum(n)::bigint as sum from repository_total where project_id = ${project.id}`))!
  assert.deepEqual(await rows(), { count: 25, sum: 25 })
  await Promise.all([joinTotals(db), joinTotals(db), joinTotals(db)])
  assert.ok((await rows()).count < 25)
  assert.equal((await rows()).sum, 25)
  expectAnswer(await rest('DELETE', `/projects/${project.name}/repositories/app3`, cast.sys), 200)
  assert.equal((await rows()).sum, 24)
  assert.equal((await listOf(project.name)).total, 24)
})
