/** What the lists of the API take: `q` finds a name that is equal, `name` all that contain it. */
type Query = { q?: string; name?: string }

/** Names that can stand in `q` as they are; others hold what `q` gives a meaning. */
const isPlain = (text: string) => /^[\w./:@+-]+$/.test(text)

/** Finds the one thing with this name, or else with this id. The server looks, so that no list is read whole. */
export async function findNamed<Row extends { id?: number; name?: string }>(
  text: string,
  list: (query: Query) => Promise<{ rows: Row[] }>,
): Promise<Row | undefined> {
  const { rows } = await list(isPlain(text) ? { q: `name=${text}` } : { name: text })
  const named = rows.find(({ name }) => name === text)
  if (named || !/^[1-9]\d{0,14}$/.test(text)) return named
  return (await list({ q: `id=${text}` })).rows[0]
}
