import type { ErrorObject } from 'ajv'

/**
 * What an input has to be, by the keyword of JSON Schema that it breaks. What `const`, `enum` and `anyOf` want is said
 * by `choiceOf`, because it may be spread over several errors.
 */
export const wanted = {
  type: (type: string) => `must be ${nameOfType(type)}`,
  required: () => 'is missing',
  minLength: (least: number) => (least === 1 ? 'must not be empty' : `must have at least ${least} characters`),
  maxLength: (most: number) => `must have at most ${counted(most, 'character', 'characters')}`,
  minItems: (least: number) => (least === 1 ? 'must not be an empty list' : `must have at least ${least} entries`),
  maxItems: (most: number) => `must have at most ${counted(most, 'entry', 'entries')}`,
  minimum: (least: number) => `must be at least ${least}`,
  maximum: (most: number) => `must be at most ${most}`,
  pattern: (pattern: string, words?: string) => `must be ${words ?? `text that matches ${pattern}`}`,
  format: (format: string) => (format === 'uri' ? 'must be a URL such as https://example.com' : `must be a ${format}`),
} satisfies Record<string, (bound: never, words?: string) => string>

/** The keywords that name a choice. */
export const choices = ['const', 'enum', 'anyOf'] as const

/**
 * Says in one plain sentence what is wrong with an input, beginning with the field: `policies[2].url is missing`. It
 * holds no value that was sent. `errors`: of Ajv with `verbose`; `part`: of the request, as Fastify calls it.
 */
export function refusalOf(errors: readonly ErrorObject[], part: string): string {
  const found = meant(errors)
  const [first] = found as [ErrorObject, ...ErrorObject[]]
  const field = fieldOf(first)
  if (field !== '') return `${field} ${choiceOf(found) ?? boundOf(first)}`
  if (part === 'body' && (first.data === undefined || first.data === null))
    return `the request needs a body: a JSON ${String(first.params['type'] ?? 'value')}`
  return `the ${part === 'body' ? 'body' : 'request'} ${choiceOf(found) ?? boundOf(first)}`
}

/**
 * A value that fits no branch of an `anyOf` has an error for each. The branch in which most fitted was meant:
 * `items[1].id must be a whole number` instead of `items must be null`.
 */
function meant(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const branches = errors.filter(({ keyword }) => keyword !== 'anyOf')
  const [deepest] = branches.toSorted((a, b) => stepsOf(b).length - stepsOf(a).length)
  if (!deepest) return errors
  const alike = branches.filter((error) => fieldOf(error) === fieldOf(deepest))
  const bound = alike.find((error) => error.keyword !== 'type' && wordsOf(error) === undefined)
  return bound ? [bound] : alike
}

/** `must be one of a, b or null`: the words and types of all branches; undefined for a bound. */
function choiceOf(errors: readonly ErrorObject[]): string | undefined {
  if (errors.some((error) => wordsOf(error) === undefined && error.keyword !== 'type')) return undefined
  const words = [...new Set(errors.flatMap((error) => wordsOf(error) ?? []))]
  const types = errors.filter((error) => wordsOf(error) === undefined).map(({ schema }) => nameOfType(String(schema)))
  const choice = words.length === 0 ? [] : [`${words.length > 1 ? 'one of ' : ''}${words.join(', ')}`]
  return `must be ${[...choice, ...new Set(types)].join(' or ')}`
}

/** The words of which the value has to be one; also where its type is wrong already, as that of 7 for `Daily`. */
function wordsOf({ keyword, parentSchema = {} }: ErrorObject): string[] | undefined {
  if (!['type', 'const', 'enum'].includes(keyword)) return undefined
  const words = 'const' in parentSchema ? [parentSchema['const']] : (parentSchema['enum'] as unknown[] | undefined)
  return words?.map((word) => (word === '' ? 'an empty text' : String(word)))
}

function boundOf({ keyword, schema, parentSchema, message }: ErrorObject): string {
  const say = (wanted as Record<string, ((bound: unknown, words?: unknown) => string) | undefined>)[keyword]
  return say?.(schema, parentSchema?.['x-words']) ?? message ?? 'does not fit its schema'
}

/** The field that an error is about, such as `policies[2].url`; empty for the whole part. */
const fieldOf = (error: ErrorObject): string => stepsOf(error).map(stepOf).join('').replace(/^\./, '')

/** The way to the field: Ajv gives a JSON pointer (RFC 6901). */
function stepsOf({ instancePath, keyword, params }: ErrorObject): string[] {
  const steps = instancePath.split('/').slice(1)
  return [
    ...steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')),
    ...(keyword === 'required' ? [String(params['missingProperty'])] : []),
  ]
}

function stepOf(step: string): string {
  if (/^\d+$/.test(step)) return `[${step}]`
  return /^[\w-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step.slice(0, 100))}]`
}

const types: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
}

const nameOfType = (type: string) => types[type] ?? type

const counted = (count: number, one: string, several: string) => `${count} ${count === 1 ? one : several}`
