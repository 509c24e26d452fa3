import { Type } from 'typebox'

/** Query parameters that every list takes. */
export const pageQuery = {
  page: Type.Optional(Type.Integer({ default: 1, description: 'page, counted from 1; 0 and less is the first' })),
  page_size: Type.Optional(
    Type.Integer({ maximum: 100, default: 10, description: 'entries on a page; 0 and less is the most: 100' }),
  ),
}
export const listQuery = {
  q: Type.Optional(
    Type.String({
      maxLength: 4096,
      description: 'k=v, k=~v, k=[min~max], k={v1 v2} or k=(v1 v2), separated by commas',
    }),
  ),
  sort: Type.Optional(
    Type.String({ maxLength: 512, description: 'fields separated by commas, -field for descending' }),
  ),
  ...pageQuery,
}
/** Of lists whose Link header leads on by positions. `page` has no default here: a position without it is enough. */
export const positionQuery = {
  ...listQuery,
  page: Type.Optional(
    Type.Integer({ description: 'page, counted from 1; without it (or 0 and less) and without a position the first' }),
  ),
  after: Type.Optional(
    Type.String({
      maxLength: 128,
      description:
        'a position as the Link header gives it: the page begins after it, at any depth. Where page names another page, page counts',
    }),
  ),
  before: Type.Optional(Type.String({ maxLength: 128, description: 'likewise: the page ends before it' })),
}
export const ListQuery = Type.Object(listQuery)
export const PageQuery = Type.Object(pageQuery)

/** Path parameters. */
export const ProjectEither = Type.Object({ project_name_or_id: Type.String({ minLength: 1, maxLength: 255 }) })
export const ProjectName = Type.Object({ project_name: Type.String({ minLength: 1, maxLength: 255 }) })
/** An id that nothing has, 0 among them, is NOT_FOUND. */
export const idParam = Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })
