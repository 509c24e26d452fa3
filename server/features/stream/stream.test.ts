/** The live stream: who is told what. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Project } from '../../catalog/project.ts'
import { callApi, create, givenRobot } from '../../testing/api.ts'
import { follow, type Followed } from '../../testing/follow.ts'
import { fresh, givenMember, givenProject, givenUser, removeMember } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { openReceiver } from '../../testing/receiver.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { readTopics } from '../../testing/topics.ts'
import { factsIn, openStream, pushTag, tagsIn, untilTag } from './follow.suite.ts'
import { endsStreams, shown } from './shown.ts'

let marina: TestMarina
let project: Project
let member: Person
before(async () => {
  marina = await openTestMarina({ MARINA_STREAM_HEARTBEAT: '100ms', MARINA_OUTBOUND_ALLOW: '127.0.0.0/8' })
  project = await givenProject(marina)
  member = await givenMember(marina, project, 'guest')
})
after(() => marina[Symbol.asyncDispose]())

const open = (as: Person, query?: string) => openStream(marina, as, query)
const push = (tag: string, of = project) => pushTag(marina, of, tag)

suite('who is told what', () => {
  test('a member hears of a push, without who it was; a stranger hears of public projects alone', async () => {
    const stranger = await givenUser(marina)
    const shared = await givenProject(marina, { isPublic: true })
    using own = await open(member)
    using other = await open(stranger)
    const { digest } = await push('v1')
    await push('v2', shared)
    await untilTag(own, 'v1')
    await untilTag(other, 'v2')
    assert.deepEqual(tagsIn(other), ['v2'])
    const [{ event, data }] = factsIn(own, 'artifact.pushed') as [Followed['events'][number]]
    assert.deepEqual(
      [event, data['project_id'], (data['data'] as { digest: string }).digest],
      ['artifacts', project.id, digest],
    )
    assert.ok(!JSON.stringify(own.events).includes('"by"'), 'who pushed is a matter of the log')
    assert.equal(own.headers['content-type'], 'text/event-stream; charset=utf-8')
    assert.equal(own.headers['cache-control'], 'no-store')
  })

  test('rights are those of the moment: after a membership ends, the next push is not told', async () => {
    const shared = await givenProject(marina, { isPublic: true })
    const leaver = await givenMember(marina, project, 'guest')
    using leaving = await open(leaver)
    await push('before')
    await untilTag(leaving, 'before')
    await removeMember(marina, project, leaver)
    await push('after')
    await push('last', shared)
    await untilTag(leaving, 'last')
    assert.deepEqual(tagsIn(leaving), ['before', 'last'])
  })

  test('a robot hears of what it may list, and topics and project_id narrow a stream', async () => {
    const other = await givenProject(marina)
    const listing = { access: [{ resource: 'artifact', action: 'list' }] }
    const robot = await givenRobot(marina, fresh('listener'), { project: project.name, ...listing })
    const puller = await givenRobot(marina, fresh('puller'), {
      project: project.name,
      access: [{ resource: 'repository', action: 'pull' }],
    })
    using hears = await open(robot)
    using deaf = await open(puller, '')
    using narrow = await open(marina.admin, `project_id=${other.id}`)
    using members = await open(marina.admin, 'topics=projects')
    await push('for-robots')
    await push('elsewhere', other)
    const added = await givenUser(marina)
    await create(marina, `/projects/${other.name}/members`, marina.admin, {
      role_id: 3,
      member_user: { user_id: added.id },
    })
    await untilTag(hears, 'for-robots')
    await eventually(() => assert.equal(factsIn(members, 'member.added').length, 1))
    await eventually(() => assert.equal(factsIn(narrow, 'member.added').length, 1))
    assert.deepEqual([tagsIn(narrow), tagsIn(members), deaf.events], [['elsewhere'], [], []])
  })

  test('the progress of executions goes to those who may read them, with the present state first', async () => {
    using admin = await open(marina.admin, 'topics=executions')
    using guest = await open(member, 'topics=executions,artifacts')
    const answer = await callApi(marina, 'POST', '/system/gc/schedule', {
      as: marina.admin,
      body: { schedule: { type: 'Manual' }, parameters: { dry_run: true } },
    })
    const id = Number(/(\d+)$/.exec(expectAnswer(answer, 201).headers.location!)![1])
    const ofRun = (one: Followed) => one.events.filter(({ data }) => data['id'] === id)
    await eventually(() => assert.equal(ofRun(admin).at(-1)?.data['status'], 'Success'))
    const { vendor_type: vendor, metrics } = ofRun(admin).at(-1)!.data
    assert.deepEqual(
      [vendor, metrics],
      ['GARBAGE_COLLECTION', { task_count: 1, unfinished_task_count: 0, success_task_count: 1, error_task_count: 0 }],
    )
    await push('after-the-run')
    await untilTag(guest, 'after-the-run')
    assert.deepEqual(ofRun(guest), [])
    // It ended while this client was away: the client hears of it although progress is no fact.
    using back = await follow(marina.port, {
      as: marina.admin,
      query: 'topics=executions',
      lastId: admin.events[0]!.lastId,
    })
    await eventually(() => assert.equal(ofRun(back).at(-1)?.data['status'], 'Success'))
  })

  test('deliveries of webhooks are told to those who may read the policy', async () => {
    await using receiver = await openReceiver()
    const policy = await create(marina, `/projects/${project.name}/webhook/policies`, marina.admin, {
      name: fresh('hook'),
      event_types: ['PUSH_ARTIFACT'],
      targets: [{ type: 'http', address: receiver.url }],
    })
    const maintainer = await givenMember(marina, project, 'maintainer')
    using reads = await open(maintainer, 'topics=deliveries')
    using guest = await open(member, 'topics=deliveries,artifacts')
    const of = (one: Followed) => one.events.filter(({ event }) => event === 'deliveries')
    await push('hooked')
    await eventually(() => assert.ok(of(reads).length > 0 && receiver.received.length > 0))
    await untilTag(guest, 'hooked')
    assert.deepEqual(of(reads)[0]!.data, { policy_id: policy, project_id: project.id })
    assert.deepEqual(of(guest), [])
  })

  test('every fact that the table names is one that some feature emits', async () => {
    const topics = await readTopics()
    assert.deepEqual(
      [...Object.keys(shown), ...endsStreams].filter((name) => !topics.has(name)),
      [],
    )
  })
})
