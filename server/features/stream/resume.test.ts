/** The live stream: resuming, its bounds, and how it ends. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Project } from '../../catalog/project.ts'
import { emit } from '../../platform/events/emit.ts'
import { callApi } from '../../testing/api.ts'
import { follow, type Followed } from '../../testing/follow.ts'
import { changeUser, givenMember, givenProject, givenUser } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../testing/server.ts'
import { quotaFacts } from '../quotas/index.ts'
import { factsIn, joined, openStream, pushTag, tagsIn, untilTag } from './follow.suite.ts'

let marina: TestMarina
let project: Project
let member: Person
before(async () => {
  marina = await openTestMarina({ MARINA_STREAM_HEARTBEAT: '100ms' })
  project = await givenProject(marina)
  member = await givenMember(marina, project, 'guest')
})
after(() => marina[Symbol.asyncDispose]())

const open = (as: Person, query?: string) => openStream(marina, as, query)
const push = (tag: string, of = project) => pushTag(marina, of, tag)

suite('resuming', () => {
  test('a client gets each fact that it missed, once and in order, on another process as well', async () => {
    await using beside = await openBeside(marina, { MARINA_STREAM_HEARTBEAT: '100ms' })
    let lastId: string
    {
      using first = await open(member)
      await push('r0')
      await untilTag(first, 'r0')
      lastId = factsIn(first, 'artifact.pushed').at(-1)!.lastId
      await eventually(() => assert.notEqual(first.lastId(), lastId))
      lastId = first.lastId()
    }
    const missed = Array.from({ length: 5 }, (_, index) => `r${index + 1}`)
    for (const tag of missed) await push(tag)
    using resumed = await joined(await follow(beside.port, { as: member, query: 'topics=artifacts', lastId }))
    await push('r6')
    await untilTag(resumed, 'r6')
    assert.deepEqual(tagsIn(resumed), [...missed, 'r6'])
  })

  test('seconds=0 sends what there is and ends: a client that cannot stream polls', async () => {
    using first = await open(member)
    const lastId = first.lastId()
    await push('polled')
    using polled = await follow(marina.port, { as: member, query: 'topics=artifacts&seconds=0', lastId })
    await eventually(() => assert.equal(polled.end(), 'ended'))
    assert.ok(tagsIn(polled).includes('polled'))
    using again = await follow(marina.port, {
      as: member,
      query: 'topics=artifacts&seconds=0',
      lastId: polled.lastId(),
    })
    await eventually(() => assert.equal(again.end(), 'ended'))
    assert.deepEqual(again.events, [])
  })

  test('a client is told to read anew where its place is of another database, too old, or too far behind', async () => {
    const written = (place: unknown[]) => Buffer.from(place.join('|')).toString('base64url')
    const row = await marina.ground.db.row<{ now: string }>({
      name: '',
      text: 'select pg_current_snapshot()::text as now',
      values: [],
    })
    const isReset = async (lastId: string, port = marina.port) => {
      using one = await follow(port, { as: member, query: 'topics=artifacts&seconds=0', lastId })
      await eventually(() => assert.equal(one.end(), 'ended'))
      return one.events.map(({ event }) => event)
    }
    const old = Date.now() - 8 * 24 * 3_600_000
    assert.deepEqual(await isReset(written([Date.now(), '999999999:999999999:', '', 0])), ['reset'])
    assert.deepEqual(await isReset(written([old, row!.now, '', 0])), ['reset'])
    await using narrow = await openBeside(marina, { MARINA_STREAM_REPLAY: '1' })
    await push('many1')
    await push('many2')
    assert.deepEqual(await isReset(written([Date.now(), row!.now, '', 0]), narrow.port), ['reset'])
  })
})

suite('bounds', () => {
  const ask = (query: string, headers: Record<string, string> = {}, as: Person | undefined = member) =>
    callApi(marina, 'GET', `/events/stream${query}`, { as, headers })

  test('bad topics and places are refused, and so is a caller without an account', async () => {
    expectAnswer(await ask('?topics=artifacts,nonsense'), 400, 'BAD_REQUEST')
    for (const id of ['nonsense', '~', Buffer.from('1|5:3:||0').toString('base64url'), 'A'.repeat(9000)])
      expectAnswer(await ask('?seconds=0', { 'last-event-id': id }), 400, 'BAD_REQUEST')
    expectAnswer(await ask('?seconds=-1'), 400, 'BAD_REQUEST')
    expectAnswer(await callApi(marina, 'GET', '/events/stream?seconds=0'), 401, 'UNAUTHORIZED')
  })

  test('a caller has so many streams at a time, and a process so many of all callers', async () => {
    await using small = await openBeside(marina, { MARINA_STREAMS: '3', MARINA_STREAMS_PER_CALLER: '2' })
    const other = await givenUser(marina)
    const at = (as: Person) => follow(small.port, { as })
    using first = await at(member)
    using second = await at(member)
    using third = await at(member)
    using fourth = await at(other)
    using fifth = await at(other)
    assert.deepEqual(
      [first, second, third, fourth, fifth].map(({ status }) => status),
      [200, 200, 429, 200, 503],
    )
    assert.equal(third.headers['retry-after'], '5')
    second[Symbol.dispose]()
    await eventually(async () => {
      using sixth = await at(other)
      assert.equal(sixth.status, 200)
    })
  })

  test('a client that does not read is cut off, and gets the rest when it resumes', async () => {
    await using tight = await openBeside(marina, { MARINA_STREAM_BUFFER: '4KiB' })
    using slow = await joined(await follow(tight.port, { as: member, query: 'topics=projects' }))
    const lastId = slow.lastId()
    slow.pause()
    // 24 MB: more than the buffers of both sides' sockets hold.
    const details = 'x'.repeat(60_000)
    for (let round = 0; round < 20; round++)
      await marina.ground.db.transaction((tx) =>
        emit(
          tx,
          Array.from({ length: 20 }, (_, index) =>
            quotaFacts.quotaWarned(
              {
                projectId: project.id,
                repository: `${project.name}/app` as never,
                details: `${round}-${index}${details}`,
              },
              { kind: 'system', id: null, name: 'test' },
            ),
          ),
        ),
      )
    slow.read()
    await eventually(() => assert.equal(slow.end(), 'cut'))
    assert.ok(factsIn(slow, 'quota.warned').length < 400)
    using resumed = await follow(tight.port, { as: member, query: 'topics=projects&seconds=0', lastId })
    await eventually(() => assert.equal(resumed.end(), 'ended'))
    assert.equal(factsIn(resumed, 'quota.warned').length, 400)
  })
})

suite('ends', () => {
  const signIn = async (person: Person) => {
    const answer = await marina.ask('POST', '/c/login', {
      body: new URLSearchParams({ principal: person.name, password: person.password }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    return expectAnswer(answer, 200).headers['set-cookie']![0]!.split(';')[0]!
  }
  const untilEnd = (of: Followed) => eventually(() => assert.equal(of.end(), 'ended'))

  test('a stream ends with the session, the account, or the password by which it was opened', async () => {
    const [leaves, disabled, changed] = [await givenUser(marina), await givenUser(marina), await givenUser(marina)]
    const cookie = await signIn(leaves)
    using bySession = await joined(await follow(marina.port, { cookie }))
    using byAccount = await open(disabled)
    using byPassword = await open(changed)
    using stays = await open(member)
    await marina.ask('GET', '/c/log_out', { headers: { cookie } })
    await changeUser(marina, disabled, { isDisabled: true })
    await changeUser(marina, changed, { password: 'Another12345' })
    await Promise.all([bySession, byAccount, byPassword].map(untilEnd))
    assert.equal((await follow(marina.port, { cookie })).status, 401)
    const before = stays.beats()
    await eventually(() => assert.ok(stays.beats() > before + 1))
    assert.equal(stays.end(), 'open')
  })

  test('a stream ends with its time', async () => {
    using short = await open(member, 'topics=artifacts&seconds=1')
    await untilEnd(short)
    await using brief = await openBeside(marina, { MARINA_STREAM_TIME: '300ms' })
    using byRule = await follow(brief.port, { as: member })
    await untilEnd(byRule)
  })

  test('a shutdown ends streams at once and in order, and takes no new ones', async () => {
    await using ending = await openTestMarina({ MARINA_DRAIN: '10m' })
    using one = await joined(await follow(ending.port, { as: ending.admin }))
    // With the drain time of ten minutes, this would not come to its end in the time of a test.
    await ending.stop()
    assert.equal(one.end(), 'ended')
  })
})
