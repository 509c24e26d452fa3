import assert from 'node:assert/strict'
import type { Project } from '../../catalog/project.ts'
import { follow, type Followed } from '../../testing/follow.ts'
import { pushImage } from '../../testing/given.ts'
import { eventually, type Person } from '../../testing/http.ts'
import type { TestMarina } from '../../testing/server.ts'

/** The events of a stream that are about this fact. */
export const factsIn = ({ events }: Followed, fact: string) => events.filter(({ data }) => data['fact'] === fact)

/** The tags of the pushes that a stream told of. */
export const tagsIn = (of: Followed) =>
  factsIn(of, 'artifact.pushed').flatMap(({ data }) => (data['data'] as { tags: string[] }).tags)

export const untilTag = (of: Followed, tag: string) => eventually(() => assert.ok(tagsIn(of).includes(tag)))

/** Waits for the place of a stream: once it has an id, nothing is missed. */
export async function joined(of: Followed): Promise<Followed> {
  assert.equal(of.status, 200)
  await eventually(() => assert.notEqual(of.lastId(), ''))
  return of
}

export const openStream = async ({ port }: TestMarina, as: Person, query = 'topics=artifacts') =>
  joined(await follow(port, { as, query }))

/** Pushes an image to the repository `app` of the project. */
export const pushTag = (marina: TestMarina, project: Project, tag: string) =>
  pushImage(marina, `${project.name}/app`, { tag })
