import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { RepositoryName } from '../../../../oci/reference.ts'
import { openLog } from '../../../platform/observe/log.ts'
import { openOutbound } from '../../../platform/outbound/outbound.ts'
import { noBudget, openRemote } from '../../../registry/remote/remote.ts'
import { callApi, create, givenRobot } from '../../../testing/api.ts'
import { fresh, givenProject, pushImage, pushReferrer } from '../../../testing/given.ts'
import { expectAnswer, type Person } from '../../../testing/http.ts'
import { openTestMarina } from '../../../testing/server.ts'
import { reach } from '../open.ts'
import type { ListedArtifact } from './adapter.ts'
import { wantedBy } from './wanted.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const outbound = openOutbound({ allow: ['127.0.0.1'] })
after(() => outbound.close())

/** A Marina as an endpoint, with the login of somebody, or with none. */
const open = (as?: Person) =>
  reach(
    {
      openRemote: (endpoint, limits = {}) =>
        openRemote({ outbound, endpoint, budget: noBudget, log: openLog({ level: 'silent', format: 'json' }), limits }),
      machineRole: () => Promise.reject(new Error('no role')),
    },
    {
      type: 'harbor',
      name: 'tried',
      url: marina.url,
      tokenServiceUrl: '',
      credentialType: as ? 'basic' : '',
      accessKey: as?.name ?? '',
      accessSecret: as?.password ?? '',
      isInsecure: false,
      caCertificate: '',
    },
  )
const call = (method: string, path: string, body?: unknown) =>
  callApi(marina, method, path, { as: marina.admin, ...(body === undefined ? {} : { body }) })
const listed = async <One>(all: AsyncIterable<One>): Promise<One[]> => {
  const list: One[] = []
  for await (const one of all) list.push(one)
  return list
}

test('artifacts come with their tags, digests, labels and kinds; referrers do not stand among them', async () => {
  const project = await givenProject(marina)
  const name = `${project.name}/deep/app` as RepositoryName
  const image = await pushImage(marina, name, { tag: 'v1' })
  await pushImage(marina, name)
  const referrer = await pushReferrer(marina, name, image)
  const label = fresh('ready')
  const id = await create(marina, '/labels', marina.admin, { name: label, scope: 'g' })
  const path = `/projects/${project.name}/repositories/deep%252Fapp/artifacts/v1`
  expectAnswer(await call('POST', `${path}/labels`, { id }), 200)
  expectAnswer(await call('POST', `${path}/tags`, { name: 'stable' }), 201)
  const { artifacts, info } = await open(marina.admin)
  const found = (await listed(artifacts(name))).sort((a, b) => b.tags.length - a.tags.length)
  const accessories = [referrer.digest]
  const whole: ListedArtifact = { tags: [], digest: image.digest, labels: [label], kind: 'IMAGE', accessories }
  assert.deepEqual({ ...found[0]!, tags: [...found[0]!.tags].sort() }, { ...whole, tags: ['stable', 'v1'] })
  assert.deepEqual([found.length, found[1]!.tags, found[1]!.labels], [2, [], []])
  assert.deepEqual([info.filtersByLabel, info.copiesByChunk], [true, true])
})

test('S3-35: projects are made by the first parts of names, public when all that goes into them is', async () => {
  const [open1, mixed, unknown, old] = [fresh('pub'), fresh('mix'), fresh('unk'), await givenProject(marina)]
  const { prepare } = await open(marina.admin)
  const expected = [
    { name: `${open1}/a`, isPublic: true },
    { name: `${open1}/b`, isPublic: true },
    { name: `${mixed}/a`, isPublic: true },
    { name: `${mixed}/b`, isPublic: false },
    { name: `${unknown}/a` },
    { name: `${old.name}/a`, isPublic: true },
  ] as Parameters<typeof prepare>[0]
  for (let time = 0; time < 2; time++) await prepare(expected)
  const isPublic = async (project: string) => {
    const { metadata } = expectAnswer(await call('GET', `/projects/${project}`), 200).json() as {
      metadata: { public: string }
    }
    return metadata.public
  }
  assert.deepEqual(await Promise.all([open1, mixed, unknown, old.name].map(isPublic)), [
    'true',
    'false',
    'false',
    'false',
  ])
})

test('a robot that may push to a project need not be allowed to make one', async () => {
  const project = await givenProject(marina)
  const robot = await givenRobot(marina, fresh('pusher'), {
    project: project.name,
    access: [
      { resource: 'repository', action: 'push' },
      { resource: 'repository', action: 'list' },
    ],
  })
  const { prepare } = await open(robot)
  await prepare([{ name: `${project.name}/app` as RepositoryName }])
  await assert.rejects(prepare([{ name: `${fresh('other')}/app` as RepositoryName }]), /tried: .*has not the right/)
})

test('without a login the public projects are listed', async () => {
  const [shown, hidden] = [await givenProject(marina, { isPublic: true }), await givenProject(marina)]
  await pushImage(marina, `${shown.name}/app`, { tag: 'v1' })
  await pushImage(marina, `${hidden.name}/app`, { tag: 'v1' })
  const { repositories, remote } = await open()
  const names = await listed(repositories(wantedBy('**')))
  assert.ok(names.includes(`${shown.name}/app` as RepositoryName))
  assert.ok(!names.includes(`${hidden.name}/app` as RepositoryName))
  assert.ok(await remote.statManifest(`${shown.name}/app` as RepositoryName, { tag: 'v1' as never }))
})
