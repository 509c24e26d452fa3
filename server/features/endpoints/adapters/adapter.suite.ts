import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { digestOf } from '../../../../oci/digest.ts'
import { OciError } from '../../../../oci/errors.ts'
import { ociManifest } from '../../../../oci/media-type.ts'
import type { RepositoryName, Tag } from '../../../../oci/reference.ts'
import { fresh, makeImage } from '../../../testing/given.ts'
import { RemoteFailed } from '../../../registry/remote/remote.ts'
import type { OpenEndpoint } from '../open.ts'
import type { Expected, ListedArtifact } from './adapter.ts'
import type { Answer, OpenedStandIn, StandIn } from './stand-ins/stand-in.suite.ts'
import { wantedBy } from './wanted.ts'

/** A registry that an adapter is tried on. */
export type Trial = AsyncDisposable & {
  standIn: Pick<
    StandIn,
    'type' | 'kind' | 'nameOf' | 'listsDigests' | 'listsAll' | 'leavesOutEmptyLists' | 'makesNamespaces'
  >
  /** Opens the endpoint as it is saved; with another secret, or at a server that answers something else. */
  open(change?: { accessSecret?: string }): Promise<Opened>
  /** Answers calls of the vendor's API with something else. */
  break: OpenedStandIn['break']
  /** Makes a namespace by hand. */
  makeNamespace(name: string): Promise<void>
  /** The secrets that must stand in no error. */
  secrets: string[]
}
type Opened = Omit<OpenEndpoint, 'endpoint'>

const by = { kind: 'system', id: null, name: 'marina' } as const

/** What every adapter must do, against the stand-in of its vendor or a real registry. */
export function adapterSuite(title: string, openTrial: () => Promise<Trial>): void {
  suite(`adapter: ${title}`, () => {
    const stage = {} as Stage
    before(async () => {
      stage.trial = await openTrial()
      stage.opened = await stage.trial.open()
      stage.namespace = fresh('ns')
      if (!stage.trial.standIn.makesNamespaces) await stage.trial.makeNamespace(stage.namespace)
    })
    after(() => stage.trial?.[Symbol.asyncDispose]())
    testOpening(stage)
    testLists(stage)
    testDeletion(stage)
    testFaults(stage)
  })
}

/** Filled in before the first test; the tests of one adapter go on where the one before ended. */
type Stage = { trial: Trial; opened: Opened; namespace: string }

const nameOf = ({ trial, namespace }: Stage, app: string) =>
  (trial.standIn.nameOf?.(namespace, app) ?? `${namespace}/${app}`) as RepositoryName

/** Five names, the last of which has three parts, where the vendor has such names. */
function namesOf(stage: Stage): [RepositoryName, ...RepositoryName[]] {
  const last = stage.opened.info.nameParts?.most === 2 ? 'five' : 'deep/five'
  return ['one', 'two', 'three', 'four', last].map((app) => nameOf(stage, app)) as [RepositoryName]
}

function testOpening(stage: Stage): void {
  test('S3-31: a ping takes the right credential, and names the endpoint when it refuses a wrong one', async () => {
    await stage.opened.remote.ping()
    const open = () => stage.trial.open({ accessSecret: 'wrong-word-1' })
    const failure = await failing(async () => (await open()).remote.ping())
    assert.equal(failure.reason, 'unauthorized', failure.message)
    assertTelling(stage, failure)
  })

  test('S3-30: what a push needs is made once, and then images can be pushed', async () => {
    const expected: Expected[] = namesOf(stage).map((name) => ({ name, isPublic: false }))
    for (let time = 0; time < 2; time++) await stage.opened.prepare(expected)
    for (const { name } of expected) await push(stage, name, ['v1'])
  })
}

function testLists(stage: Stage): void {
  test('repositories are listed through all pages: all, those of a namespace, or by a pattern', async () => {
    const { opened, namespace, trial } = stage
    const all: string[] = namesOf(stage).sort()
    const [one, two, three, none] = ['one', 'two', 'three', 'none'].map((app): string => nameOf(stage, app))
    const list = async (pattern: string) => (await fromAsync(opened.repositories(wantedBy(pattern)))).sort()
    assert.deepEqual(await list(`${namespace}/**`), all)
    assert.deepEqual(await list(`${nameOf(stage, 't')}*`), [`${three}`, `${two}`])
    if (trial.standIn.listsAll !== false) assert.deepEqual(await list(`${namespace}*/**`), all)
    // Names in full are taken as they are, whether or not they exist.
    assert.deepEqual(await list(`{${one},${none}}`), [none, one])
  })

  test('tags are listed through all pages, with their digests where the vendor tells them', async () => {
    const [name] = namesOf(stage)
    const [first, second] = [await push(stage, name, ['v2', 'v3']), await push(stage, name, ['v4', 'latest'])]
    const listed = await tagsOf(stage, name)
    assert.deepEqual([...listed.keys()].sort(), ['latest', 'v1', 'v2', 'v3', 'v4'])
    const wanted = stage.trial.standIn.listsDigests ? [first, first, second] : [undefined, undefined, undefined]
    const found = ['v2', 'v3', 'latest'].map((tag) => listed.get(tag))
    assert.deepEqual(found, wanted)
  })

  test('a repository that does not exist is NAME_UNKNOWN', async () => {
    const read = fromAsync(stage.opened.artifacts(nameOf(stage, 'never-made')))
    const error = await read.catch((one: unknown) => one)
    assert.ok(error instanceof OciError, String(error))
    assert.equal(error.code, 'NAME_UNKNOWN', error.message)
  })
}

function testDeletion(stage: Stage): void {
  test('one tag is deleted, or the adapter says why not; the other tags of its image stay', async () => {
    const { opened } = stage
    const [name] = namesOf(stage)
    const remove = (tag: string) => opened.deleteTag(name, tag as Tag, by)
    if (opened.info.cannotDeleteTags !== undefined) {
      await assert.rejects(remove('v2'), { code: 'UNSUPPORTED', message: opened.info.cannotDeleteTags })
      assert.equal((await tagsOf(stage, name)).size, 5)
      return
    }
    await remove('v2')
    assert.deepEqual([...(await tagsOf(stage, name)).keys()].sort(), ['latest', 'v1', 'v3', 'v4'])
    assert.ok(await opened.remote.statManifest(name, { tag: 'v3' as Tag }))
    await remove('v2')
  })
}

/** What a portal, another vendor or a fault may answer. */
const strange: Answer[] = [
  { status: 200, text: '<html>Welcome</html>' },
  { status: 200, json: 'words' },
  { status: 200, json: {} },
  { status: 404, text: '<html>Not here</html>' },
  { status: 403, json: { message: 'no' } },
  { status: 500, json: { message: 'fault' } },
]

function testFaults(stage: Stage): void {
  test('an answer that is none of the vendor’s is an error with the endpoint’s name, and no empty list', async () => {
    const { trial, namespace } = stage
    for (const answer of strange) {
      if (trial.standIn.leavesOutEmptyLists && isEmpty(answer)) continue
      trial.break(/^(?!\/v2\/$|\/jwt\/)/, answer)
      const list = async () => fromAsync((await trial.open()).repositories(wantedBy(`${namespace}/**`)))
      assertTelling(stage, await failing(list))
    }
    trial.break(/^$/, {})
  })
}

async function tagsOf({ opened }: Stage, name: RepositoryName): Promise<Map<string, string | undefined>> {
  const artifacts: ListedArtifact[] = await fromAsync(opened.artifacts(name))
  return new Map(artifacts.flatMap(({ tags, digest }) => tags.map((tag) => [tag, digest] as const)))
}

async function push({ opened: { remote } }: Stage, name: RepositoryName, tags: string[]): Promise<string> {
  const { blobs, content, digest } = makeImage()
  for (const bytes of blobs) await remote.writeBlob(name, by, digestOf(bytes), bytesOf(bytes), bytes.length)
  for (const tag of tags) {
    const reference = { tag: tag as Tag }
    await remote.writeManifest(name, by, { reference, tags: [], contentType: ociManifest, content })
  }
  return digest
}

function assertTelling({ trial }: Stage, { message }: Error): void {
  assert.ok(message.startsWith('tried: '), message)
  for (const secret of trial.secrets) assert.ok(!message.includes(secret), message)
}

/** An answer that means an empty list to some vendors. */
const isEmpty = ({ json }: Answer) => JSON.stringify(json) === '{}'

async function failing(work: () => Promise<unknown>): Promise<RemoteFailed> {
  const error = await work().then(
    () => new Error('it did not fail'),
    (one: unknown) => one as Error,
  )
  assert.ok(error instanceof RemoteFailed, String(error.stack))
  return error
}

async function fromAsync<One>(all: AsyncIterable<One>): Promise<One[]> {
  const list: One[] = []
  for await (const one of all) list.push(one)
  return list
}

async function* bytesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes
}
