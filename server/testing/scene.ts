import { after } from 'node:test'
import { givenCast } from './given.ts'
import { openRest, type Rest } from './rest.ts'
import { openTestMarina, type TestMarina, type TestSettings } from './server.ts'

type Scene = { marina: TestMarina; rest: Rest; cast: Awaited<ReturnType<typeof givenCast>> }

/** What most tests of the REST API need: a Marina, closed after the file's tests, `rest`, and users and projects. */
export async function openScene(settings: TestSettings = {}): Promise<Scene> {
  const marina = await openTestMarina(settings)
  after(() => marina[Symbol.asyncDispose]())
  return { marina, rest: openRest(marina), cast: await givenCast(marina) }
}
