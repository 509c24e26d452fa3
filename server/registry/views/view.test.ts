import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OciError } from '../../../oci/errors.ts'
import type { RepositoryName, Tag } from '../../../oci/reference.ts'
import { givenProject } from '../../testing/given.ts'
import { openTestMarina } from '../../testing/server.ts'
import { openLocalRegistry } from '../local/local.ts'
import { registrySuite } from '../registry.suite.ts'
import type { Registry } from '../registry.ts'
import { methods, view, type Through } from './view.ts'

type Method = (...all: unknown[]) => unknown

const name = 'team/app' as RepositoryName
const reference = { tag: 'v1' as Tag }
const describe = async () => ({ type: 'UNKNOWN', extraAttrs: {}, icon: undefined, accessory: undefined })

/** A registry that answers each method with the method's name, and has one that the interface does not know. */
function echo(): Registry {
  const answers = [...methods, 'later'].map((method) => [method, async () => method])
  return Object.fromEntries(answers)
}

const everything = Object.fromEntries(methods.map((method) => [method, true])) as Required<Through>

/** Calls every method and says which were answered; all others must refuse. */
async function answeredBy(registry: Registry): Promise<string[]> {
  const answered = await Promise.all(
    methods.map(async (method) => {
      try {
        await (registry[method] as Method)(name, reference)
        return [method]
      } catch (error) {
        assert.ok(error instanceof OciError, String(error))
        assert.deepEqual([error.code, error.status], ['DENIED', 403])
        return []
      }
    }),
  )
  return answered.flat()
}

test('a view that names nothing refuses everything', async () => {
  assert.deepEqual(await answeredBy(view(echo(), {})), [])
})

test('a view lets through what it names, and nothing else', async () => {
  for (const method of methods) assert.deepEqual(await answeredBy(view(echo(), { [method]: true })), [method])
  assert.deepEqual(await answeredBy(view(echo(), everything)), methods)
})

test("a method of the view's own replaces that of the registry", async () => {
  const seen = view(echo(), { ...everything, blobUrl: async () => 'of the view' })
  assert.equal(await (seen.blobUrl as Method)(), 'of the view')
  assert.equal(await (seen.statBlob as Method)(), 'statBlob')
})

test('a refused method returns a rejected promise, and never throws', async () => {
  const refused = view(echo(), {}).deleteTag(name, { kind: 'system', id: null, name: 'test' }, reference.tag)
  await assert.rejects(refused, OciError)
})

test('a method that is not in the interface passes no view, even one that names it', () => {
  for (const through of [{}, everything, { ...everything, later: true }]) {
    assert.deepEqual(Object.keys(view(echo(), through)), methods)
  }
})

test('a view of a view lets through what both name', async () => {
  const reading = view(echo(), { readManifest: true, listTags: true })
  assert.deepEqual(await answeredBy(view(reading, { readManifest: true, deleteTag: true })), ['readManifest'])
})

test("a method that a view lets through keeps its registry as 'this'", async () => {
  class Own {
    readonly url = 'https://elsewhere.example'
    async blobUrl() {
      return this.url
    }
  }
  const seen = view(new Own() as unknown as Registry, { blobUrl: true })
  assert.equal(await (seen.blobUrl as Method)(), 'https://elsewhere.example')
})

test("the list of methods is that of Marina's own registry", async () => {
  await using marina = await openTestMarina()
  const registry = openLocalRegistry({ ...marina.ground, gates: { push: [], untag: [] }, describe })
  assert.deepEqual(Object.keys(registry).sort(), [...methods].sort())
})

registrySuite('a view that lets everything through', async () => {
  const marina = await openTestMarina()
  const project = await givenProject(marina)
  const registry = openLocalRegistry({ ...marina.ground, gates: { push: [], untag: [] }, describe })
  const close = () => marina[Symbol.asyncDispose]()
  return { registry: view(registry, everything), project: project.name, [Symbol.asyncDispose]: close }
})
