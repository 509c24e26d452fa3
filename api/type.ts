import type { Type as TypeBox } from 'typebox'

type Schema = Record<string, unknown> & { properties?: Record<string, Schema>; required?: string[] }
type Options = Record<string, unknown>

/** The mark of an optional property, hidden from JSON; the same as TypeBox's own. */
const optional = '~optional'

const isOptional = (schema: Schema) => optional in schema

function marked(schema: Schema, isWanted: boolean): Schema {
  const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(schema)) as Schema
  if (isWanted) Object.defineProperty(copy, optional, { value: true, configurable: true })
  else delete copy[optional]
  return copy
}

function object(properties: Record<string, Schema>, options: Options = {}): Schema {
  const required = Object.keys(properties).filter((name) => !isOptional(properties[name]!))
  return { type: 'object', ...(required.length > 0 ? { required } : {}), properties, ...options }
}

/** The same object, with all properties optional or none. */
function remade({ properties = {}, ...options }: Schema, isOptionalNow: boolean): Schema {
  const changed = Object.entries(properties).map(([name, one]) => [name, marked(one, isOptionalNow)])
  const { type: _type, required: _required, ...kept } = options
  return object(Object.fromEntries(changed) as Record<string, Schema>, kept)
}

const plain =
  (type: string) =>
  (options: Options = {}): Schema => ({ type, ...options })

/**
 * Builds JSON schemas of which TypeScript knows the types (`Static`): the part of TypeBox that the API needs, with its
 * types. TypeBox itself is 680 modules, a tenth of the time of a start and 9 MB of memory.
 */
export const Type = {
  String: plain('string'),
  Integer: plain('integer'),
  Number: plain('number'),
  Boolean: plain('boolean'),
  Null: plain('null'),
  Unknown: (options: Options = {}): Schema => ({ ...options }),
  Literal: (value: string | number | boolean, options: Options = {}): Schema => ({
    type: typeof value,
    const: value,
    ...options,
  }),
  Array: (items: Schema, options: Options = {}): Schema => ({ type: 'array', items, ...options }),
  Union: (anyOf: Schema[], options: Options = {}): Schema => ({ anyOf, ...options }),
  Record: (_: Schema, values: Schema, options: Options = {}): Schema => ({
    type: 'object',
    patternProperties: { '^.*$': values },
    ...options,
  }),
  Object: object,
  Optional: (schema: Schema): Schema => marked(schema, true),
  Partial: (schema: Schema): Schema => remade(schema, true),
  Required: (schema: Schema): Schema => remade(schema, false),
} as unknown as Pick<typeof TypeBox, Wanted>

type Wanted =
  | 'String'
  | 'Integer'
  | 'Number'
  | 'Boolean'
  | 'Null'
  | 'Unknown'
  | 'Literal'
  | 'Array'
  | 'Union'
  | 'Record'
  | 'Object'
  | 'Optional'
  | 'Partial'
  | 'Required'
