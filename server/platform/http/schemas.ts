import SerializerSelector from '@fastify/fast-json-stringify-compiler'
import type { ValidateFunction } from 'ajv'

/**
 * A validator that is compiled when the first such request comes. To compile those of all operations, with the
 * serializers below, took a third of a start and several MB, and most operations are never asked for.
 */
export function compiledOnUse(compile: () => ValidateFunction) {
  let compiled: ValidateFunction | undefined
  const check = Object.assign(
    (data: unknown) => {
      compiled ??= compile()
      const isValid = compiled(data)
      check.errors = compiled.errors
      return isValid
    },
    { errors: undefined as ValidateFunction['errors'] },
  )
  return check
}

const compileSerializer = SerializerSelector()()

/** Shapes an answer by its schema, which is compiled at the first such answer. */
export function serializedOnUse(schema: object): (body: unknown) => string {
  let compiled: ((body: unknown) => string) | undefined
  return (body) => {
    compiled ??= compileSerializer({ schema } as Parameters<typeof compileSerializer>[0])
    return compiled(body)
  }
}
