import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { expectAnswer } from '../../testing/http.ts'
import { finding, givenReport, givenScanner } from '../../testing/reports.ts'
import { openRest } from '../../testing/rest.ts'
import { imageOf, indexOf, openCacheScene } from './scene.suite.ts'

const scene = await openCacheScene()
const { marina, asked } = scene
const { admin } = marina
const rest = openRest(marina)

test('an image of another registry is fetched and held until it was scanned, at its first pull too', async () => {
  const scanner = await givenScanner(marina)
  const cache = await scene.givenCache()
  const [image, other] = [imageOf(300_000, 500), imageOf(2000)]
  await scene.push('team/app', 'v1', image)
  await scene.push('team/app', 'v2', other)
  const index = indexOf(image, other)
  await scene.push('team/app', 'all', index)
  const metadata = { hold_until_scanned: 'true' }
  expectAnswer(await rest('PUT', `/projects/${cache}`, admin, { metadata }), 200)

  const pull = (reference: string) => scene.get(`${cache}/team/app/manifests/${reference}`)
  for (const held of await Promise.all([pull('v1'), pull(image.digest)]))
    expectAnswer(held, 412, 'PROJECTPOLICYVIOLATION')
  expectAnswer(await pull('all'), 200)
  const stored = (await scene.stored(cache, 'team/app', 'v1')) as { digest: string }
  assert.equal(stored.digest, image.digest)
  expectAnswer(await pull('v1'), 412, 'PROJECTPOLICYVIOLATION')
  await givenReport(marina, { repository: `${cache}/team/app`, digest: image.digest }, scanner, [
    finding('CVE-1', 'Low'),
  ])
  expectAnswer(await pull('v1'), 200)
  const fetches = asked.filter((line) => line.includes(digestOf(image.layers[0]!)))
  assert.equal(fetches.length, 1, 'two pulls at once have it fetched once')
})
