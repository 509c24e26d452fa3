import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import path from 'node:path'
import { Readable } from 'node:stream'
import { suite, test } from 'node:test'
import { blobPath } from '../../catalog/blob.ts'
import type { Digest } from '../../../oci/digest.ts'
import { collect } from '../../features/gc/index.ts'
import { checkStorage, type Finding } from './check.ts'
import { queueLitter } from './repair.ts'
import { openMemoryBlobs } from '../../platform/blobs/memory.ts'
import type { Blobs } from '../../platform/blobs/blobs.ts'
import { openDb, type Db, type Queryable } from '../../platform/db/db.ts'
import { migrate } from '../../platform/db/migrate.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'
import { openTestDatabase } from '../../testing/postgres.ts'
import { openCache } from '../../platform/cache/cache.ts'
import { openLocalRegistry } from '../../registry/local/local.ts'
import type { RepositoryName, Tag } from '../../../oci/reference.ts'

type Store = { db: Db; blobs: Blobs; layer: Digest; config: Digest; image: Digest; index: Digest; asked: string[] }
type Harm = (store: Store) => Promise<unknown>

const name = 'library/checked' as RepositoryName
const by = { kind: 'anonymous', id: null, name: 'somebody' } as const

const cases: [what: string, harm: Harm, kind: Finding['kind'], wanted: RegExp][] = [
  [
    'bytes that are missing',
    ({ blobs, layer }) => blobs.remove(blobPath(layer)),
    'loss',
    /^blob .*its bytes are missing$/,
  ],
  [
    'bytes of another count',
    ({ blobs, layer }) => put(blobs, blobPath(layer), 'short'),
    'loss',
    /^blob .*5 bytes are stored, 11 were pushed$/,
  ],
  [
    'bytes that were altered',
    ({ blobs, layer }) => put(blobs, blobPath(layer), 'LAYER BYTES'),
    'loss',
    /^blob .*its bytes were altered$/,
  ],
  [
    'bytes that no blob knows',
    ({ blobs }) => put(blobs, blobPath(digestOf('orphan')), 'orphan'),
    'litter',
    /\(6 bytes\) belong to no blob$/,
  ],
  [
    'a file in a place of no blob',
    ({ blobs }) => put(blobs, 'docker/registry/v2/blobs/sha256/ab/cd/notes.txt', 'x'),
    'litter',
    /notes\.txt .* is not where a blob would be$/,
  ],
  [
    'a file under another digest’s folder',
    ({ blobs, layer }) =>
      put(
        blobs,
        blobPath(layer)
          .replace(/sha256\/../, 'sha256/zz')
          .replace('zz', layer.slice(7, 9) === '00' ? '11' : '00'),
        'x',
      ),
    'litter',
    /is not where a blob would be$/,
  ],
  [
    'a manifest without bytes',
    ({ db, image }) =>
      db.run(sql`delete from manifest using artifact where artifact.id = artifact_id and digest = ${image}`),
    'loss',
    /^artifact library\/checked@.*its manifest is missing$/,
  ],
  [
    'a manifest that was altered',
    ({ db, image }) =>
      db.run(sql`
        update manifest set content = content || 'x'::bytea from artifact
        where artifact.id = artifact_id and digest = ${image}`),
    'loss',
    /its manifest was altered$/,
  ],
  [
    'an image that nothing keeps a layer for',
    ({ db, layer }) => db.run(sql`delete from artifact_blob using blob where blob.id = blob_id and digest = ${layer}`),
    'loss',
    /it needs the blob sha256:.*which nothing keeps for it$/,
  ],
  [
    'an index that nothing keeps an image for',
    ({ db }) => db.run(sql`delete from artifact_child`),
    'loss',
    /it needs the manifest sha256:.*which nothing keeps for it$/,
  ],
  [
    'a media type that is not the manifest’s',
    ({ db, image }) => db.run(sql`update artifact set media_type = 'text/plain' where digest = ${image}`),
    'loss',
    /its manifest cannot be read/,
  ],
]

suite('fsck', () => {
  test('finds nothing where nothing is wrong, and counts what it checked', async () => {
    await using made = await openStore()
    const report = await check(made.store)
    assert.deepEqual({ ...report, bytes: 0 }, { blobs: 2, artifacts: 2, tags: 1, bytes: 0, findings: [] })
  })

  for (const [what, harm, kind, wanted] of cases) {
    test(`finds ${what}`, async () => {
      await using made = await openStore()
      await harm(made.store)
      const { findings } = await check(made.store)
      assert.deepEqual(
        findings.map((one) => one.kind),
        [kind],
        JSON.stringify(findings),
      )
      assert.match(findings[0]!.what, wanted)
    })
  }

  test('litter goes to the next garbage collection when asked for, and nothing else does', async () => {
    await using made = await openStore()
    const { db, blobs } = made.store
    await put(blobs, blobPath(digestOf('orphan')), 'orphan')
    await put(blobs, blobPath(made.store.layer), 'LAYER BYTES')
    await db.run(sql`delete from artifact_blob using blob where blob.id = blob_id and digest = ${made.store.config}`)
    assert.deepEqual(await queueLitter(db, (await check(made.store)).findings), { files: 1, blobs: 0, holds: 1 })
    assert.deepEqual(await db.rows(sql`select digest from stray where gone_at is null`), [
      { digest: digestOf('orphan') },
    ])
    assert.deepEqual(await queueLitter(db, (await check(made.store)).findings), { files: 0, blobs: 0, holds: 0 })
  })

  test('without reading digests it does not see altered bytes of the same count', async () => {
    await using made = await openStore()
    await put(made.store.blobs, blobPath(made.store.layer), 'LAYER BYTES')
    assert.deepEqual((await checkStorage({ ...made.store, readsDigests: false })).findings, [])
  })

  for (const [where, readsDigests] of [
    ['find', false],
    ['find', true],
    ['read', true],
  ] as const) {
    const title = `what a collection takes right before its ${where} is no loss`
    test(`${title}${readsDigests ? ' while digests are read' : ''}, and the check goes on`, async () => {
      await using made = await openStore()
      const { db, blobs, layer } = made.store
      const gone = digestOf('in no repository')
      await put(blobs, blobPath(gone), 'in no repository')
      await db.run(sql`insert into blob (digest, size) values (${gone}, 16)`)
      await db.run(
        sql`insert into blob_candidate (blob_id, noted_at) select id, 'epoch' from blob where digest = ${gone}`,
      )
      await db.run(sql`update blob set size = 12 where digest = ${layer}`)
      let files = 0
      const taken: Blobs = {
        ...blobs,
        async [where](key: string) {
          if (key === blobPath(gone)) files = await collectIn(db, blobs)
          return blobs[where](key)
        },
      }
      const { findings } = await checkStorage({ db, blobs: taken, readsDigests })
      assert.equal(files, 1)
      assert.deepEqual(
        findings.map(({ what }) => what),
        [`blob ${layer}: 11 bytes are stored, 12 were pushed`],
      )
    })
  }

  test('asks the database nothing but selects, and touches no stored byte', async () => {
    await using made = await openStore()
    const { blobs, db } = made.store
    const asked: string[] = []
    const watched = readOnly(db, asked)
    const forbidden = () => assert.fail('fsck wrote to the storage')
    const guarded: Blobs = {
      ...blobs,
      write: forbidden,
      append: forbidden,
      commit: forbidden,
      discard: forbidden,
      remove: forbidden,
      stage: forbidden,
    }
    await checkStorage({ db: watched, blobs: guarded, readsDigests: true })
    assert.ok(asked.length >= 4)
    for (const text of asked) assert.match(text.trim(), /^select\b/i)
    for (const text of asked) assert.doesNotMatch(text, /\b(insert|update|delete|truncate|for update|nextval)\b/i)
  })
})

async function check(store: Store) {
  return checkStorage({ db: store.db, blobs: store.blobs, readsDigests: true })
}

async function collectIn(db: Db, blobs: Blobs): Promise<number> {
  const { files } = await collect({
    db,
    blobs,
    gates: { untag: [] },
    by: { kind: 'system', id: null, name: 'test' },
    signal: new AbortController().signal,
    log: () => {},
    progress: () => {},
    options: {
      delayMs: 0,
      keepMs: 0,
      isUntaggedGarbage: false,
      isDryRun: false,
      workers: 1,
      perSecond: 0,
      mayGoOn: () => true,
    },
  })
  return files
}

function readOnly(db: Db, asked: string[]): Queryable {
  const note = (statement: Sql) => void asked.push(statement.text)
  return {
    rows: (statement) => (note(statement), db.rows(statement)),
    row: (statement) => (note(statement), db.row(statement)),
    page: ({ columns, from }) => assert.fail(`fsck asked for a page of ${columns.text} ${from.text}`),
    run: () => assert.fail('fsck ran a statement that changes rows'),
  }
}

/** One image with one layer, named by an index, which has a tag. */
async function openStore(): Promise<{ store: Store } & AsyncDisposable> {
  await using opened = new AsyncDisposableStack()
  const { url } = opened.use(await openTestDatabase(prepare))
  const db = openDb({ url, poolSize: 2, acquireTimeoutMs: 10_000, statementTimeoutMs: 10_000, lockTimeoutMs: 10_000 })
  opened.defer(() => db.close())
  await db.run(sql`insert into account (name, is_admin) values ('somebody', true)`)
  await db.run(sql`insert into project (name, owner_id) select 'library', id from account`)
  const blobs = openMemoryBlobs()
  const registry = openLocalRegistry({
    db,
    cache: openCache({ limit: 0 }),
    blobs,
    gates: { push: [], untag: [] },
    describe: async () => ({ type: 'UNKNOWN', extraAttrs: {}, icon: undefined, accessory: undefined }),
  })
  const [config, layer] = [digestOf('{}'), digestOf('layer bytes')]
  await registry.writeBlob(name, by, config, Readable.from([Buffer.from('{}')]))
  await registry.writeBlob(name, by, layer, Readable.from([Buffer.from('layer bytes')]))
  const push = async (body: object, tags: string[]) => {
    const content = Buffer.from(JSON.stringify({ schemaVersion: 2, ...body }))
    const digest = digestOf(content)
    await registry.writeManifest(name, by, {
      reference: { digest },
      tags: tags as Tag[],
      contentType: undefined,
      content,
    })
    return { digest, size: content.length }
  }
  const imageType = 'application/vnd.oci.image.manifest.v1+json'
  const image = await push(
    {
      mediaType: imageType,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config, size: 2 },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layer, size: 11 }],
    },
    [],
  )
  const index = await push(
    { mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [{ mediaType: imageType, ...image }] },
    ['one'],
  )
  const kept = opened.move()
  return {
    store: { db, blobs, layer, config, image: image.digest, index: index.digest, asked: [] },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

async function prepare(url: string): Promise<void> {
  const db = openDb({ url, poolSize: 2, acquireTimeoutMs: 10_000, statementTimeoutMs: 10_000, lockTimeoutMs: 10_000 })
  const client = await db.connect()
  try {
    await migrate(client, path.join(import.meta.dirname, '../../migrations'))
  } finally {
    await client.end()
    await db.close()
  }
}

async function put(blobs: Blobs, key: string, text: string): Promise<void> {
  await blobs.write(key, Readable.from([Buffer.from(text)]))
}

function digestOf(content: string | Buffer): Digest {
  return `sha256:${createHash('sha256').update(content).digest('hex')}` as Digest
}
