import { openMemoryBlobs } from '../../platform/blobs/memory.ts'
import { givenProject } from '../../testing/given.ts'
import { openTestMarina } from '../../testing/server.ts'
import { registrySuite, type OpenedRegistry } from '../registry.suite.ts'
import { openLocalRegistry } from './local.ts'

registrySuite('our own, on files', () => open('files'))
registrySuite('our own, in memory', () => open('memory'))

async function open(store: 'files' | 'memory'): Promise<OpenedRegistry> {
  const marina = await openTestMarina()
  const { db, cache, blobs } = marina.ground
  const project = await givenProject(marina)
  const registry = openLocalRegistry({
    db,
    cache,
    blobs: store === 'files' ? blobs : openMemoryBlobs(),
    gates: { push: [], untag: [] },
    describe: async () => ({ type: 'UNKNOWN', extraAttrs: {}, icon: undefined, accessory: undefined }),
  })
  return { registry, project: project.name, [Symbol.asyncDispose]: () => marina[Symbol.asyncDispose]() }
}
