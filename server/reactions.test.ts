import assert from 'node:assert/strict'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { topicsOf, type AnyTopic } from './catalog/topic.ts'
import { topics } from './reactions.ts'

test('every topic of every feature is known to those who react', async () => {
  const files: string[] = []
  const root = import.meta.dirname
  for await (const file of glob('{catalog,registry,features/*}/topics.ts', { cwd: root })) files.push(file)
  assert.ok(files.length > 5)
  for (const file of files) {
    const { facts } = (await import(join(root, file))) as { facts: Record<string, AnyTopic> }
    for (const { topic } of Object.values(facts)) {
      assert.match(topic, /^[a-z-]+\.[a-z-]+$/)
      assert.ok(topics.has(topic), `${topic} of ${file} is missing in server/reactions.ts`)
    }
  }
})

test('two topics of one name are refused', () => {
  const [one] = topics.values()
  assert.throws(() => topicsOf({ one: one! }, { other: { ...one! } }), /two topics are named/)
})
