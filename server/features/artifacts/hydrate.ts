import type { Column, Page } from './columns.ts'
import type { ArtifactObject } from './store.ts'
import type { Beside } from './wire.ts'

/** An artifact and the fields of its columns, by their names in JSON. */
type Hydrated = { artifact: ArtifactObject; beside: Beside }

/** Loads every wanted column of a page, all columns at once; each needs one read, however many artifacts there are. */
export async function hydrate(columns: readonly Column[], page: Page): Promise<Hydrated[]> {
  const wanted = columns.filter(({ flag, isDefault = false }) => page.wanted[flag] ?? isDefault)
  const loaded = await Promise.all(wanted.map(async ({ field, load }) => ({ field, values: await load(page) })))
  return page.artifacts.map((artifact) => {
    const known = loaded.filter(({ values }) => values.has(artifact.id))
    return { artifact, beside: Object.fromEntries(known.map(({ field, values }) => [field, values.get(artifact.id)])) }
  })
}
