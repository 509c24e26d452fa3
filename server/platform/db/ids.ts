/**
 * Ids as the text of an array of PostgreSQL, for `${arrayOf(ids)}::bigint[]`: the driver asks of each element of an array
 * whether it must be escaped, which takes longer than all else for arrays of many thousands.
 */
export const arrayOf = (ids: readonly number[]): string => `{${ids.join(',')}}`
