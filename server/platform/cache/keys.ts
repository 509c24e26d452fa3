/** A value in a key: a name, or the id of a row. */
type KeyValue = string | number

/**
 * Defines the keys `resource:field:value[:field:value]` of a resource and returns the function that makes them: `const
 * tagKey = keyOf('tag', 'repository', 'name')`, then `tagKey('library/alpine', '3')`. Readers and writers of a fact use
 * the same function. Throws TypeError for words or values that make no key (S1-19): no field, a word that is not in
 * lower case with underscores, fewer or more values than fields, a value that is not a text or a whole number, or a
 * colon in a value other than the last, as two facts could then share a key.
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
