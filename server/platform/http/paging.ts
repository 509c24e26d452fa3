type Query = Record<string, string | number | boolean | undefined>
type SetHeader = (name: string, value: string) => void

/** Sets Harbor's headers of paging: X-Total-Count, and Link with the pages before and after (RFC 8288). */
export function pageHeaders(
  path: string,
  query: Query,
  page: number,
  pageSize: number,
  total: number,
  set: SetHeader,
): void {
  const { prev, next } = {
    prev: page > 1 ? { page: page - 1 } : undefined,
    next: page * pageSize < total ? { page: page + 1 } : undefined,
  }
  linkHeaders(path, { ...query, page, page_size: pageSize }, { prev, next }, total, set)
}

/** The same for lists with cursors: the links' parameters replace those of the request. */
export function linkHeaders(
  path: string,
  query: Query,
  to: { prev?: Query | undefined; next?: Query | undefined },
  total: number,
  set: SetHeader,
): void {
  const link = (rel: 'prev' | 'next') => {
    if (!to[rel]) return []
    const entries = Object.entries({ ...query, ...to[rel] }).flatMap(([key, value]): [string, string][] =>
      value === undefined ? [] : [[key, String(value)]],
    )
    return [`<${path}?${new URLSearchParams(entries).toString()}>; rel="${rel}"`]
  }
  const links = [...link('prev'), ...link('next')]
  set('x-total-count', String(total))
  if (links.length > 0) set('link', links.join(' , '))
}
