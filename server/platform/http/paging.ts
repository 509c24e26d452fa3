/** Harbor's paging: X-Total-Count, and Link with the pages before and after (RFC 8288). */
export function pageHeaders(path: string, query: Record<string, unknown>, page: number, pageSize: number, total: number): Record<string, string> {
  const link = (to: number, rel: string) => {
    const entries = Object.entries({ ...query, page: to, page_size: pageSize }).filter(([, value]) => value !== undefined)
    return `<${path}?${new URLSearchParams(entries.map(([key, value]): [string, string] => [key, String(value)]))}>; rel="${rel}"`
  }
  const links = [...(page > 1 ? [link(page - 1, 'prev')] : []), ...(page * pageSize < total ? [link(page + 1, 'next')] : [])]
  return { 'x-total-count': String(total), ...(links.length > 0 ? { link: links.join(' , ') } : {}) }
}
