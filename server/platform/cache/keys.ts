/** What a value in a key may be: a name, or a number of a row. */
type KeyValue = string | number

/**
 * Defines the keys of a resource by `resource:field:value[:field:value]` and returns what makes one of them:
 * `const tagKey = keyOf('tag', 'repository', 'name')`, then `tagKey('library/alpine', '3')`. Reader and writer of a fact name
 * its key by the same function. Throws TypeError for words or values that would not make a key (S1-19): no field at all, a
 * word that is not lower case with underscores, fewer or more values than fields, a value that is no text or whole number,
 * and a colon in any value but the last, where two facts could come to share a key.
 */
export function keyOf<const Fields extends readonly string[]>(
  resource: string,
  ...fields: Fields
): (...values: { [Index in keyof Fields]: KeyValue }) => string {
  if (fields.length === 0) throw new TypeError(`the key of ${resource} has no field`)
  const heads = [resource, ...fields]
    .map(checkWord)
    .reduce<string[]>(
      (all, word, index) => (index === 0 ? [`${word}:`] : index === 1 ? [`${all[0]}${word}:`] : [...all, `:${word}:`]),
      [],
    )
  const last = fields.length - 1
  return (...given) => {
    const values: readonly unknown[] = given
    if (values.length !== fields.length)
      throw new TypeError(`a key of ${resource} takes ${fields.length} values, not ${values.length}`)
    let key = ''
    for (let index = 0; index <= last; index++) key += heads[index]! + textOf(resource, values[index], index === last)
    return key
  }
}

/** The resource that a key belongs to: what stands before its first colon. */
export const resourceOf = (key: string) => key.slice(0, Math.max(0, key.indexOf(':')))

function checkWord(word: unknown): string {
  if (typeof word !== 'string' || !/^[a-z][a-z_]*$/.test(word))
    throw new TypeError(`${JSON.stringify(word)} is no word for a key: lower case and underscores`)
  return word
}

function textOf(resource: string, value: unknown, isLast: boolean): string {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  if (typeof value !== 'string')
    throw new TypeError(
      `a key of ${resource} takes texts and whole numbers, not ${typeof value === 'number' ? value : typeof value}`,
    )
  if (!isLast && value.includes(':')) throw new TypeError(`a key of ${resource} takes a colon in its last value only`)
  return value
}
