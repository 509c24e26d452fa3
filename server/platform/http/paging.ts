/** Harbor's paging: X-Total-Count, and Link with the pages before and after (RFC 8288). */
export function pageHeaders(path: string, query: Record<string, string | number | undefined>, page: number, pageSize: number, total: number): Record<string, string> {
  const link = (to: number, rel: string) => {
    const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]))
    const next = new URLSearchParams([...given, ['page', String(to)], ['page_size', String(pageSize)]] as [string, string][])
    return `<${path}?${next.toString()}>; rel="${rel}"`
  }
  const links = [...(page > 1 ? [link(page - 1, 'prev')] : []), ...(page * pageSize < total ? [link(page + 1, 'next')] : [])]
  return { 'x-total-count': String(total), ...(links.length > 0 ? { link: links.join(' , ') } : {}) }
}
