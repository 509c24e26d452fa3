import { Type } from './type.ts'

/**
 * For a schema whose bounds (length, pattern, range, number of items) are Marina's own: Harbor's schema has none there.
 * An input beyond them is 400 like what Harbor's handlers refuse; other violations of a schema are 422.
 */
export const ownBounds = { 'x-own-bounds': true } as const

/** What a pattern wants, in words: an error says `must be the id of a scanner`. */
export const says = (words: string) => ({ 'x-words': words })

/** Query parameters that every list takes. */
export const pageQuery = {
  page: Type.Optional(Type.Integer({ default: 1, description: 'page, counted from 1; 0 or less means the first' })),
  page_size: Type.Optional(
    Type.Integer({ maximum: 100, default: 10, description: 'entries on a page; 0 or less means the maximum, 100' }),
  ),
}
export const listQuery = {
  q: Type.Optional(
    Type.String({
      maxLength: 4096,
      ...ownBounds,
      description: 'k=v, k=~v, k=[min~max], k={v1 v2} or k=(v1 v2), separated by commas',
    }),
  ),
  sort: Type.Optional(
    Type.String({ maxLength: 512, ...ownBounds, description: 'fields separated by commas, -field for descending' }),
  ),
  ...pageQuery,
}
/** For lists whose Link header pages by cursor. `page` has no default here: a cursor is enough without it. */
export const positionQuery = {
  ...listQuery,
  page: Type.Optional(
    Type.Integer({
      description: 'page, counted from 1; 0 or less means the first, as does neither page nor cursor',
    }),
  ),
  after: Type.Optional(
    Type.String({
      maxLength: 128,
      ...ownBounds,
      description:
        'a cursor as the Link header gives it: the page begins after it, however far into the list. ' +
        'Where page names another page, page counts',
    }),
  ),
  before: Type.Optional(
    Type.String({ maxLength: 128, ...ownBounds, description: 'likewise: the page ends before it' }),
  ),
}
export const ListQuery = Type.Object(listQuery)
export const PageQuery = Type.Object(pageQuery)

/** A name in a path: 1 to 255 characters. */
export const nameParam = Type.String({ minLength: 1, maxLength: 255, ...ownBounds })
/** Path parameters. */
export const ProjectEither = Type.Object({ project_name_or_id: nameParam })
export const ProjectName = Type.Object({ project_name: nameParam })
/** Any integer: an id that nothing has, such as 0, is answered with NOT_FOUND. */
export const idParam = Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })
