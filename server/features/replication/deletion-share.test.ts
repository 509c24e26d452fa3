import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callApi } from '../../testing/api.ts'
import { fresh, givenProject, pushImage } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { givenPolicy, openPairScene, run, tagsAt } from './replication.suite.ts'

const { here, there, toThere } = await openPairScene()

for (const [count, isAllowed] of [
  [4, true],
  [3, false],
  [1, false],
] as const)
  test(`the share counts for few tags, too: 1 of ${count} ${isAllowed ? 'may' : 'may not'} go unasked`, async () => {
    const { name: project } = await givenProject(here)
    for (let at = 0; at < count; at++) await pushImage(here, `${project}/app`, { tag: `v${at}` })
    const target = fresh('few')
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      dest_namespace: target,
      deletion: true,
      filters: [{ type: 'name', value: `${project}/**` }],
    })
    await run(here, policy)
    const before = await tagsAt(there, `${target}/app`)
    assert.equal(before.length, count)
    const path = `/projects/${project}/repositories/app/artifacts/v0`
    expectAnswer(await callApi(here, 'DELETE', path, { as: here.admin }), 200)

    const execution = await run(here, policy)
    const percent = Math.floor(100 / count)
    if (isAllowed) assert.equal(execution.status, 'Succeed', execution.status_text)
    else assert.match(execution.status_text, new RegExp(`1 of ${count} tags would be deleted .*\\(${percent} %\\)`))
    const rest = before.filter((tag) => tag !== 'v0')
    assert.deepEqual(await tagsAt(there, `${target}/app`), isAllowed ? rest : before)
    assert.equal((await run(here, policy, { allow_deletion: true })).status, 'Succeed')
    assert.deepEqual(await tagsAt(there, `${target}/app`), rest)
  })
