import SerializerSelector from '@fastify/fast-json-stringify-compiler'
import type { ValidateFunction } from 'ajv'
import { forReadyText, serializeReady, takesReadyText } from './ready.ts'

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
export function serializedOnUse(schema: object): (body: unknown) => string | Buffer {
  let compiled: ((body: unknown) => string | Buffer) | undefined
  return (body) => {
    compiled ??= compileShape(schema)
    return compiled(body)
  }
}

function compileShape(schema: object): (body: unknown) => string | Buffer {
  const compile = (one: unknown) => compileSerializer({ schema: one } as Parameters<typeof compileSerializer>[0])
  if (!takesReadyText(schema)) return compile(schema)
  const serialize = compile(forReadyText(schema))
  return (body) => serializeReady(serialize, body)
}
