import type { CallOf } from '../../api/client.ts'
import type { AnswerOf, Operation } from '../../api/operation.ts'
import type { Shape } from './output.ts'
import { callWith, parseLimit } from './pages.ts'
import type { Argument, Call, Option, RowOf, Verb } from './verb.ts'

/** What every verb made here may say. */
type Words = {
  name?: string
  aliases?: string[]
  about: string
  arguments?: Argument[]
  options?: Option[]
  examples?: Verb['examples']
}

/** The usual name with its usual alias, or the name of the words alone. */
const named = ({ name }: { name?: string }, usual: string, alias: string) =>
  name === undefined ? { name: usual, aliases: [alias] } : { name }

type Resolved<T> = T | Promise<T>

/** `list`: the rows of a paged operation. `call`: what the operation takes, from what was given. */
export function listing<O extends Operation & { page: true }, Given extends object = object>(
  words: Words & {
    operation: O
    shape: Shape<RowOf<O>>
    call?(given: Given, call: Call): Resolved<CallOf<O>>
    /** How many rows without --limit; 0: all. */
    most?: number
  },
): Verb<Given & { limit: string; query?: string; sort?: string }> {
  const { operation, shape, call: callOf, most = 0, options = [], ...rest } = words
  const takes = (name: string) => Object.hasOwn((operation.query as { properties?: object })?.properties ?? {}, name)
  return {
    ...named(words, 'list', 'ls'),
    ...rest,
    options: [
      ...options,
      ...(takes('q') && !options.some(({ flags }) => flags.includes('--query')) ? [queryOption] : []),
      ...(takes('sort') ? [sortOption] : []),
      limitOption(most),
    ],
    async run(given, call) {
      const { limit, query: q, sort } = given
      const asked = ((await callOf?.(given, call)) ?? {}) as { query?: { q?: string } }
      const both = [asked.query?.q, q].filter(Boolean).join(',')
      const query = { ...asked.query, ...(both === '' ? {} : { q: both }), ...(sort === undefined ? {} : { sort }) }
      const { rows, total } = await call.pages(operation, { ...asked, query } as CallOf<O>, parseLimit(limit))
      await call.out.rows(shape, rows, total)
    },
  }
}

const queryOption: Option = { flags: '-q, --query <q>', about: "only what matches, in the API's words: name=~web, ..." }
const sortOption: Option = { flags: '--sort <fields>', about: 'fields with commas between, -field for descending' }
export const limitOption = (most: number): Option => ({
  flags: '--limit <rows>',
  about: 'show at most so many; 0: all',
  fallback: String(most),
})

/** `show`: what one operation answers. */
export function showing<O extends Operation, Given extends object>(
  words: Words & {
    operation: O
    shape: Shape<AnswerOf<O>>
    call(given: Given, call: Call): Resolved<CallOf<O>>
  },
): Verb<Given> {
  const { operation, shape, call: callOf, ...rest } = words
  return {
    ...named(words, 'show', 'get'),
    ...rest,
    async run(given, call) {
      const { body } = await callWith(call.client, operation, (await callOf(given, call)) as object)
      await call.out.row(shape, body as AnswerOf<O>)
    },
  }
}

/** One thing that is to be deleted: how it is called, what to say before, and the call that does it. */
type Doomed<O> = { name: string; says: string; call: CallOf<O> }

/** `delete`: looks first, says what will go, asks, and then deletes one after the other. */
export function deleting<O extends Operation, Given extends object>(
  words: Words & {
    operation: O
    /** In the singular, such as `project`. */
    kind: string
    find(given: Given, call: Call): Promise<Doomed<O>[]>
    /** A line about the way back, if there is one. */
    wayBack?: string
    /** What is done, such as `deleted`. */
    done?: string
  },
): Verb<Given> {
  const { operation, kind, find, wayBack, done = 'deleted', ...rest } = words
  return {
    ...named(words, 'delete', 'rm'),
    asksFirst: true,
    ...rest,
    async run(given, call) {
      const doomed = await find(given, call)
      const lines = [...doomed.map(({ says }) => says), ...(wayBack === undefined ? [] : [wayBack])]
      if (!(await call.confirm(lines, `Go on?`))) return
      for (const [at, { name, call: asked }] of doomed.entries()) {
        await callWith(call.client, operation, asked as object).catch((error: unknown) => {
          if (doomed.length > 1) call.out.remark(`${kind} ${name} stays; ${at} of ${doomed.length} were ${done}`)
          throw error
        })
        await call.out.done(`${done} ${kind} ${name}`, name)
      }
    },
  }
}

/** The id at the end of the Location of what was created. */
export const idOf = (headers: Pick<Headers, 'get'>): number =>
  Number(/\/(\d+)$/.exec(headers.get('location') ?? '')?.[1])
