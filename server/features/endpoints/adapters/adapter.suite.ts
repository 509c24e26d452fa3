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
  standIn: Pick<StandIn, 'type' | 'kind' | 'nameOf' | 'listsDigests' | 'listsAll' | 'makesNamespaces'>
  /** Opens the endpoint as it is saved; with another secret, or at a server that answers something else. */
  open(change?: { accessSecret?: string }): Promise<Opened>
  /** Answers calls of the vendor's API with something else; undefined where there is no such API. */
  break?: OpenedStandIn['break']
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
    let trial: Trial
    let opened: Opened
    const namespace = fresh('ns')
    const nameOf = (app: string, below = namespace) =>
      (trial.standIn.nameOf?.(below, app) ?? `${below}/${app}`) as RepositoryName
    const deepName = () => (opened.info.nameParts?.most === 2 ? nameOf('five') : nameOf('deep/five'))
    before(async () => {
      trial = await openTrial()
      opened = await trial.open()
      if (!trial.standIn.makesNamespaces) await trial.makeNamespace(namespace)
    })
    after(() => trial?.[Symbol.asyncDispose]())

    test('S3-31: a ping takes the right credential, and names the endpoint when it refuses a wrong one', async () => {
      await opened.remote.ping()
      const failure = await failing(async () => (await trial.open({ accessSecret: 'wrong-word-1' })).remote.ping())
      assert.equal(failure.reason, 'unauthorized', failure.message)
      assert.ok(failure.message.startsWith('tried: '), failure.message)
      assertNoSecrets(failure.message)
    })

    test('S3-30: what a push needs is made once, and then images can be pushed', async () => {
      const names = [nameOf('one'), nameOf('two'), nameOf('three'), nameOf('four'), deepName()]
      const expected: Expected[] = names.map((name) => ({ name, isPublic: false }))
      for (let time = 0; time < 2; time++) await opened.prepare(expected)
      for (const name of names) await push(name, ['v1'])
    })

    test('repositories are listed through all pages: all, those of a namespace, or by a pattern', async () => {
      const [one, two, three, four, five] = [nameOf('one'), nameOf('two'), nameOf('three'), nameOf('four'), deepName()]
      const all = [one, two, three, four, five].sort()
      const list = async (pattern: string) => (await fromAsync(opened.repositories(wantedBy(pattern)))).sort()
      assert.deepEqual(await list(`${namespace}/**`), all)
      assert.deepEqual(await list(`${nameOf('t')}*`), [three, two].sort())
      if (trial.standIn.listsAll !== false) assert.deepEqual(await list(`${namespace}*/**`), all)
      // Names in full are taken as they are, whether or not they exist.
      assert.deepEqual(await list(`{${one},${nameOf('none')}}`), [one, nameOf('none')].sort())
    })

    test('tags are listed through all pages, with their digests where the vendor tells them', async () => {
      const name = nameOf('one')
      const [first, second] = [await push(name, ['v2', 'v3']), await push(name, ['v4', 'latest'])]
      const listed = await tagsOf(name)
      assert.deepEqual([...listed.keys()].sort(), ['latest', 'v1', 'v2', 'v3', 'v4'])
      const wanted = trial.standIn.listsDigests ? [first, first, second] : [undefined, undefined, undefined]
      assert.deepEqual(
        ['v2', 'v3', 'latest'].map((tag) => listed.get(tag)),
        wanted,
      )
    })

    test('a repository that does not exist is NAME_UNKNOWN', async () => {
      const error = await fromAsync(opened.artifacts(nameOf('never-made'))).catch((one: unknown) => one)
      assert.ok(error instanceof OciError, String(error))
      assert.ok(['NAME_UNKNOWN', 'NOT_FOUND'].includes(error.code), `${error.code} ${error.message}`)
    })

    test('one tag is deleted, or the adapter says why not; the other tags of its image stay', async () => {
      const name = nameOf('one')
      const remove = (tag: string) => opened.deleteTag(name, tag as Tag, by)
      if (opened.info.cannotDeleteTags !== undefined) {
        await assert.rejects(remove('v2'), { code: 'UNSUPPORTED', message: opened.info.cannotDeleteTags })
        assert.equal((await tagsOf(name)).size, 5)
        return
      }
      await remove('v2')
      assert.deepEqual([...(await tagsOf(name)).keys()].sort(), ['latest', 'v1', 'v3', 'v4'])
      assert.ok(await opened.remote.statManifest(name, { tag: 'v3' as Tag }))
      await remove('v2')
    })

    test('an answer that is none of the vendor’s is an error with the endpoint’s name, and no endless list', async (t) => {
      if (!trial.break) return t.diagnostic('the vendor has no API of its own here')
      for (const answer of strange) {
        trial.break(/^(?!\/v2\/$|\/jwt\/)/, answer)
        const failure = await failing(async () =>
          fromAsync((await trial.open()).repositories(wantedBy(`${namespace}/**`))),
        )
        assert.ok(failure.message.startsWith('tried: '), failure.message)
        assertNoSecrets(failure.message)
      }
      trial.break(/^$/, {})
    })

    const strange: Answer[] = [
      { status: 200, text: '<html>Welcome</html>' },
      { status: 200, json: 'words' },
      { status: 403, json: { message: 'no' } },
      { status: 500, json: {} },
    ]

    async function tagsOf(name: RepositoryName): Promise<Map<string, string | undefined>> {
      const artifacts: ListedArtifact[] = await fromAsync(opened.artifacts(name))
      return new Map(artifacts.flatMap(({ tags, digest }) => tags.map((tag) => [tag, digest] as const)))
    }

    async function push(name: RepositoryName, tags: string[]): Promise<string> {
      const { blobs, content, digest } = makeImage()
      for (const bytes of blobs) await opened.remote.writeBlob(name, by, digestOf(bytes), bytesOf(bytes), bytes.length)
      for (const tag of tags)
        await opened.remote.writeManifest(name, by, {
          reference: { tag: tag as Tag },
          tags: [],
          contentType: ociManifest,
          content,
        })
      return digest
    }

    function assertNoSecrets(text: string): void {
      for (const secret of trial.secrets) assert.ok(!text.includes(secret), text)
    }
  })
}

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
