import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callApi } from '../../testing/api.ts'
import { fresh, givenProject, pushImage } from '../../testing/given.ts'
import { inFrontOf } from '../../testing/in-front.ts'
import { openOtherSide, sendJson } from '../../testing/other-side.ts'
import { givenEndpoint, givenPolicy, logsOf, openPairScene, run, tagsAt } from './replication.suite.ts'

const { here, there } = await openPairScene()

/**
 * A Harbor as a robot sees it, recorded of 2.15.2: whatever it asks about a project that does not exist is 403 of the
 * API and 401 below /v2; only `HEAD /projects` says that there is none.
 */
function asHarbor() {
  const passOn = inFrontOf(there.url)
  return openOtherSide(async (request, response) => {
    const { pathname } = new URL(request.url!, there.url)
    const project = /^\/(?:v2|api\/v2\.0\/projects)\/([^/]+)\//.exec(pathname)?.[1]
    if (project === undefined || (await exists(project))) return passOn(request, response)
    const [status, code] = pathname.startsWith('/v2') ? ([401, 'UNAUTHORIZED'] as const) : ([403, 'FORBIDDEN'] as const)
    return sendJson(response, { errors: [{ code, message: `project ${project} not found` }] }, status)
  })
}

const exists = async (project: string) =>
  (await callApi(there, 'HEAD', `/projects?project_name=${project}`, { as: there.admin })).status === 200

for (const override of [true, false])
  test(`a robot copies into a project that is new at a Harbor, override ${String(override)}`, async () => {
    await using harbor = await asHarbor()
    const { name: project } = await givenProject(here)
    await pushImage(here, `${project}/app`, { tag: 'v1' })
    const { name, password } = there.admin
    const id = await givenEndpoint(here, harbor.url, {
      credential: { type: 'basic', access_key: name, access_secret: password },
    })
    const target = fresh('made')
    const policy = await givenPolicy(here, {
      dest_registry: { id },
      dest_namespace: target,
      filters: [{ type: 'name', value: `${project}/**` }],
      override,
      deletion: true,
    })
    const { status, id: execution } = await run(here, policy)
    assert.equal(status, 'Succeed', await logsOf(here, execution))
    assert.deepEqual(await tagsAt(there, `${target}/app`), ['v1'])
  })
