/** The query parameters that lead to the page before and after, where there is one. */
export type PageLinks = { prev?: Record<string, string>; next?: Record<string, string> }

const paging = ['page', 'after', 'before']

/** Reads a Link header (RFC 8288) as Marina writes it: the parameters that differ from page to page. */
export function linksOf(header: string): PageLinks {
  const found = [...header.matchAll(/<([^>]*)>;\s*rel="(prev|next)"/g)].map(([, target = '', rel = '']) => {
    const query = new URLSearchParams(target.slice(target.indexOf('?') + 1))
    const entries = paging.flatMap((name) => (query.has(name) ? [[name, query.get(name)!] as const] : []))
    return [rel, Object.fromEntries(entries)] as const
  })
  return Object.fromEntries(found)
}
