import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { topicsOf } from '../catalog/topic.ts'
import { openTestMarina } from '../testing/server.ts'
import { readTopics } from '../testing/topics.ts'
import { openHouse } from './house.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())

test('every feature that has a folder is in the list, and every topic that is declared is known', async () => {
  await using opened = new AsyncDisposableStack()
  const { features, topics } = openHouse(marina.ground, opened)
  const folders = readdirSync(join(import.meta.dirname, '../features'))
  // Pages are made from all features, and are none themselves.
  const pages = ['devcenter', 'portal']
  assert.deepEqual(
    features.map(({ name }) => name).toSorted(),
    [...folders.filter((name) => !pages.includes(name)), 'catalog', 'registry'].toSorted(),
  )
  const declared = await readTopics()
  assert.ok(declared.size > 50)
  assert.deepEqual([...topics.keys()].toSorted(), [...declared.keys()].toSorted())
  for (const topic of topics.keys()) assert.match(topic, /^[a-z-]+\.[a-z-]+$/)
})

test('two topics of one name are refused', async () => {
  const [one] = (await readTopics()).values()
  assert.throws(() => topicsOf({ one: one! }, { other: { ...one! } }), /two topics are named/)
})
