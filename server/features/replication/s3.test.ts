/** Replication where both sides keep their blobs on an S3 server. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { ociManifest } from '../../../oci/media-type.ts'
import {
  findDisagreements,
  fresh,
  givenProject,
  makeImage,
  pushBlob,
  pushImage,
  pushIndex,
  pushManifest,
  pushReferrer,
} from '../../testing/given.ts'
import { openS3Server, s3Settings } from '../../testing/s3.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { givenMarina, givenPolicy, logsOf, run, tagsAt } from './replication.suite.ts'

const openOnS3 = async (opened: AsyncDisposableStack): Promise<TestMarina> => {
  const server = opened.use(await openS3Server())
  return opened.use(
    await openTestMarina({
      MARINA_OUTBOUND_ALLOW: '127.0.0.1',
      MARINA_REPLICATION_CHUNK: '5MiB',
      ...s3Settings(server),
    }),
  )
}

test('S3-46: from S3 to S3, pushed by one side and pulled by the other, all agree byte by byte', async () => {
  await using opened = new AsyncDisposableStack()
  const here = await openOnS3(opened)
  const there = await openOnS3(opened)
  const { name: project } = await givenProject(here)
  const repository = `${project}/app`
  // More than one part of a multipart upload, and of a request in chunks.
  const layer = randomBytes(12 * 2 ** 20)
  const { blobs, content } = makeImage(1, {
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(layer), size: layer.length }],
  })
  for (const bytes of [layer, ...blobs]) await pushBlob(here, repository, bytes)
  const large = await pushManifest(here, repository, content, ociManifest, { tag: 'large' })
  const note = await pushReferrer(here, repository, large)
  const index = await pushIndex(here, repository, [large, await pushImage(here, repository)], { tag: 'all' })
  const paths = [
    ...['large', 'all', note.digest, index.digest].map((one) => `manifests/${one}`),
    `blobs/${digestOf(layer)}`,
  ]
  const filters = [{ type: 'name', value: repository }]
  const agree = async (target: string) => {
    for (const path of paths) {
      const [a, b] = await Promise.all(
        [[here, repository] as const, [there, target] as const].map(([marina, name]) =>
          marina.ask('GET', `/v2/${name}/${path}`, { as: marina.admin }),
        ),
      )
      assert.deepEqual([b!.status, b!.body.equals(a!.body)], [200, true], `${target} ${path}`)
    }
    assert.deepEqual(await tagsAt(there, target), ['all', 'large'])
  }
  for (const byChunk of [false, true]) {
    const target = fresh('pushed')
    const more = { dest_namespace: target, copy_by_chunk: byChunk, filters }
    const push = await givenPolicy(here, { dest_registry: { id: await givenMarina(here, there) }, ...more })
    const execution = await run(here, push)
    assert.equal(execution.status, 'Succeed', await logsOf(here, execution.id))
    await agree(`${target}/app`)
  }
  const target = fresh('pulled')
  const pull = await givenPolicy(there, {
    src_registry: { id: await givenMarina(there, here) },
    dest_namespace: target,
    filters,
  })
  const execution = await run(there, pull)
  assert.equal(execution.status, 'Succeed', await logsOf(there, execution.id))
  await agree(`${target}/app`)
  assert.deepEqual(await findDisagreements(there, ['loss']), [])
})
