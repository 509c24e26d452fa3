import SerializerSelector from '@fastify/fast-json-stringify-compiler'
import { Ajv, type ValidateFunction } from 'ajv'
import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify'

const ajvOptions = {
  removeAdditional: false,
  useDefaults: true,
  allErrors: false,
  strict: false,
  formats: { 'date-time': true, int64: true },
} as const
// Values of a query are text and are converted to numbers; values of a body are not converted.
const bodyAjv = new Ajv({ ...ajvOptions, coerceTypes: false })
const queryAjv = new Ajv({ ...ajvOptions, coerceTypes: true })

/**
 * Compiles the schema of a request when the first such request comes. To compile those of all operations at the start
 * took a third of it and several MB, and most operations are never asked for.
 */
export const compileOnUse: FastifySchemaCompiler<object> = ({ schema, httpPart }) => {
  let compiled: ValidateFunction | undefined
  const check = Object.assign(
    (data: unknown) => {
      compiled ??= (httpPart === 'body' ? bodyAjv : queryAjv).compile(schema)
      const isValid = compiled(data) as boolean
      check.errors = compiled.errors
      return isValid
    },
    { errors: undefined as ValidateFunction['errors'] },
  )
  return check
}

const compileSerializer = SerializerSelector()()

/** The same for the schema of an answer. */
export const serializeOnUse: FastifySerializerCompiler<object> = (route) => {
  let compiled: ((body: unknown) => string) | undefined
  return (body) => {
    compiled ??= compileSerializer(route as Parameters<typeof compileSerializer>[0])
    return compiled(body)
  }
}
