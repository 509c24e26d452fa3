import { Ajv, type ErrorObject } from 'ajv'
import type { FastifyInstance } from 'fastify'
import { BodyTooLarge } from './body.ts'
import { Failure, type FailureCode } from './failure.ts'
import { refusalOf } from './refusal.ts'
import { compiledOnUse } from './schemas.ts'

// Values of a query are text and are converted to numbers; values of a body are not converted.
const ajvOptions = {
  removeAdditional: false,
  useDefaults: true,
  allErrors: false,
  strict: false,
  // An error then has its value and its schema, and with that `x-own-bounds` and `x-words`.
  verbose: true,
  formats: { 'date-time': true, int64: true, uri: URL.canParse },
} as const
const bodyAjv = new Ajv({ ...ajvOptions, coerceTypes: false })
const queryAjv = new Ajv({ ...ajvOptions, coerceTypes: true })

/**
 * Checks all inputs of an API by the schemas of its operations. An input that breaks its schema is answered with 422
 * UNPROCESSABLE_ENTITY, as Harbor's generated code does before its handlers run; what handlers check is 400
 * BAD_REQUEST. A schema that is stricter than Harbor's has `x-own-bounds: true`: beyond its bounds (length, pattern,
 * range, number of items) an input is 400, since Harbor's handler would see it. See docs/decisions/0024.
 */
export function validateInputs(app: FastifyInstance): void {
  app.setValidatorCompiler(({ schema, httpPart }) =>
    compiledOnUse(() => (httpPart === 'body' ? bodyAjv : queryAjv).compile(schema as object)),
  )
  app.setSchemaErrorFormatter((errors, part) => {
    const found = errors as ErrorObject[]
    return new Failure(codeOf(found[0]!, part), refusalOf(found, part))
  })
}

function codeOf({ keyword, parentSchema }: ErrorObject, part: string): FailureCode {
  // For Harbor an empty parameter of a query is an absent one.
  const isBound = bounds.has(keyword) && !(part === 'querystring' && keyword === 'minLength')
  return isBound && parentSchema?.['x-own-bounds'] === true ? 'BAD_REQUEST' : 'UNPROCESSABLE_ENTITY'
}

const bounds = new Set(['minLength', 'maxLength', 'pattern', 'minimum', 'maximum', 'minItems', 'maxItems'])

/** The Failure for a body that Fastify cannot read; undefined for other errors. `limit`: of a body, in bytes. */
export function bodyFailure(error: Error & { code?: string }, limit: number): Failure | undefined {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Failure('PAYLOAD_TOO_LARGE', new BodyTooLarge(limit).message)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Failure('UNPROCESSABLE_ENTITY', 'the body must be application/json')
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new Failure('UNPROCESSABLE_ENTITY', 'the body is not valid JSON, or has a key such as __proto__')
    default:
      return undefined
  }
}
