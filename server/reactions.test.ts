import assert from 'node:assert/strict'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { topicsOf } from './platform/events/emit.ts'
import { topics } from './reactions.ts'

test('every topic of every feature is known to those who react', async () => {
  const files: string[] = []
  for await (const file of glob('{catalog,features/*}/topics.ts', { cwd: import.meta.dirname })) files.push(file)
  assert.ok(files.length > 5)
  for (const file of files) {
    const { facts } = (await import(join(import.meta.dirname, file))) as { facts: Parameters<typeof topicsOf>[0] }
    for (const topic of topicsOf(facts)) {
      assert.match(topic, /^[a-z-]+\.[a-z-]+$/)
      assert.ok(topics.has(topic), `${topic} of ${file} is missing in server/reactions.ts`)
    }
  }
})
