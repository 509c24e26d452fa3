/** Harbor's paging: X-Total-Count, and Link with the pages before and after (RFC 8288). Hands each header to `set`. */
export function pageHeaders(
  path: string, query: Record<string, string | number | boolean | undefined>, page: number, pageSize: number, total: number, set: (name: string, value: string) => void,
): void {
  const link = (to: number, rel: string) => {
    const entries = Object.entries({ ...query, page: to, page_size: pageSize }).flatMap(([key, value]): [string, string][] => (value === undefined ? [] : [[key, String(value)]]))
    return `<${path}?${new URLSearchParams(entries).toString()}>; rel="${rel}"`
  }
  const links = [...(page > 1 ? [link(page - 1, 'prev')] : []), ...(page * pageSize < total ? [link(page + 1, 'next')] : [])]
  set('x-total-count', String(total))
  if (links.length > 0) set('link', links.join(' , '))
}
