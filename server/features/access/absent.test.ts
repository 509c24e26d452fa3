import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callApi, givenRobot } from '../../testing/api.ts'
import { fresh, givenProject, givenUser } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())

const access = [
  { resource: 'project', action: 'read' },
  { resource: 'repository', action: 'list' },
]
const gone = ['/projects/gone', '/projects/gone/repositories', '/projects/99999', '/projects/99999/repositories']

test('only those who have the right in every project learn that a project is absent', async () => {
  const { name } = await givenProject(marina)
  const everywhere = await givenRobot(marina, fresh('all'), { access, in: ['*'] })
  const inOne = await givenRobot(marina, fresh('one'), { access, in: [name] })
  for (const path of gone) {
    expectAnswer(await callApi(marina, 'GET', path, { as: marina.admin }), 404, 'NOT_FOUND')
    expectAnswer(await callApi(marina, 'GET', path, { as: everywhere }), 404, 'NOT_FOUND')
    expectAnswer(await callApi(marina, 'GET', path, { as: inOne }), 403, 'FORBIDDEN')
  }
  expectAnswer(await callApi(marina, 'GET', `/projects/${name}`, { as: everywhere }), 200)
  // A right that it lacks tells nothing.
  expectAnswer(await callApi(marina, 'GET', '/projects/gone/members', { as: everywhere }), 403, 'FORBIDDEN')
})

test('an administrator finds no robots of a project that is gone, and is not refused', async () => {
  const path = '/robots?q=Level=project,ProjectID=99999'
  assert.deepEqual(expectAnswer(await callApi(marina, 'GET', path, { as: marina.admin }), 200).json(), [])
  expectAnswer(await callApi(marina, 'GET', path, { as: await givenUser(marina) }), 403, 'FORBIDDEN')
})
