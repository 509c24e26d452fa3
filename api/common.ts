import { Type } from 'typebox'

/** Harbor's error envelope. */
export const Errors = Type.Object({
  errors: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })),
})

/** Pages are counted from 1, at most 100 entries each. */
export const PageQuery = {
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 })),
  page_size: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 10 })),
}
