import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { topicsOf, type AnyTopic, type Topics } from '../catalog/topic.ts'

/** All topics that a topics.ts declares, whether or not a feature lists them. */
export async function readTopics(): Promise<Topics> {
  const root = join(import.meta.dirname, '..')
  const lists: Record<string, AnyTopic>[] = []
  for await (const file of glob('{catalog,registry,features/*,features/*/*}/topics.ts', { cwd: root })) {
    lists.push(((await import(join(root, file))) as { facts: Record<string, AnyTopic> }).facts)
  }
  return topicsOf(...lists)
}
