type Schema = {
  $ref?: string
  type?: string
  items?: Schema
  properties?: Record<string, Schema>
  description?: string
  anyOf?: Schema[]
  format?: string
}
type Operation = {
  operationId?: string
  summary?: string
  tags?: string[]
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema?: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, { description?: string; content?: Record<string, { schema: Schema }> }>
}
export type OpenApiDocument = {
  info: { title: string; version: string; description: string }
  servers?: { url: string }[]
  paths: Record<string, Record<string, Operation>>
}

/** Writes the OpenAPI document as one HTML page, without a script; readers search it with the browser's own search. */
export function devcenterPage(document: OpenApiDocument): string {
  const base = document.servers?.[0]?.url ?? ''
  const byTag = Map.groupBy(
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
    ),
    ({ operation }) => operation.tags?.[0] ?? 'other',
  )
  const tags = [...byTag].sort(([a], [b]) => a.localeCompare(b, 'en'))
  const [title, version] = [escape(document.info.title), escape(document.info.version)]
  const links = tags.map(([tag, all]) => `<a href="#${escape(tag)}">${escape(tag)} (${all.length})</a>`)
  const chapters = tags.map(([tag, all]) => {
    const sections = all.map((one) => section(base, one))
    return `<h2 id="${escape(tag)}">${escape(tag)}</h2>${sections.join('\n')}`
  })
  const url = `${escape(base)}/openapi.json`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} API ${version}</title>
<style>${style}</style></head><body>
<nav><strong>${title} API</strong>${links.join('')}</nav>
<main><h1>${title} API ${version}</h1>
<p>${escape(document.info.description)} The document for generators and clients: <a href="${url}">${url}</a>.
Calls take Basic credentials: <code>curl -u name:password https://this.host${escape(base)}/projects</code>.</p>
${chapters.join('\n')}
</main></body></html>
`
}

const style = `
  body {
    font: 15px/1.5 system-ui, sans-serif; color: #12303d; background: #f3f8fa; margin: 0;
    display: grid; grid-template-columns: 14rem 1fr;
  }
  nav { padding: 1.5rem; position: sticky; top: 0; height: 100vh; box-sizing: border-box; overflow: auto; }
  nav a { display: block; color: #0b7285; text-decoration: none; }
  main { padding: 1.5rem 2.5rem 4rem; max-width: 62rem; } h1 { margin-top: 0; } h2 { margin: 2rem 0 .5rem; }
  details { background: #fff; border-radius: 8px; margin: .4rem 0; padding: .5rem .9rem; overflow-x: auto; }
  summary { cursor: pointer; padding-left: 5.2rem; text-indent: -5.2rem; }
  .m { display: inline-block; width: 4.2rem; text-indent: 0; font: 600 .8rem ui-monospace, monospace; }
  .get, .head { color: #0b7285; } .post { color: #2b8a3e; } .put, .patch { color: #b35c00; }
  .delete { color: #c92a2a; }
  code { font-family: ui-monospace, monospace; font-size: .9rem; } .s { color: #5b7682; margin-left: .6rem; }
  table { border-collapse: collapse; margin: .5rem 0; }
  td, th { text-align: left; padding: .15rem .9rem .15rem 0; vertical-align: top; }
  pre { background: #f3f8fa; padding: .6rem .9rem; border-radius: 6px; overflow: auto; }
  td:first-child { white-space: nowrap; }
  details[open] { padding-bottom: .9rem; } details p { margin: .8rem 0 0; font-weight: 600; }
  @media (max-width: 48rem) {
    body { display: block; } nav { position: static; height: auto; columns: 2; } main { padding: 1rem; }
  }
`

function section(
  base: string,
  { path, method, operation }: { path: string; method: string; operation: Operation },
): string {
  const parameters = (operation.parameters ?? []).map(
    ({ name, in: where, required, description, schema }) =>
      `<tr><td><code>${escape(name)}</code>${required ? ' *' : ''}</td><td>${escape(where)}</td>` +
      `<td>${escape(shape(schema))}</td><td>${escape(description ?? '')}</td></tr>`,
  )
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema
  const answers = Object.entries(operation.responses)
    .filter(([status]) => status < '300')
    .map(([status, { content }]) => {
      const schema = Object.values(content ?? {})[0]?.schema
      const outline = schema && schema.type !== 'null' ? `<pre>${escape(shape(schema, 0, true))}</pre>` : ''
      return `<p>answer ${escape(status)}</p>${outline}`
    })
  const failures = Object.keys(operation.responses).filter((status) => status >= '300')
  const summary =
    `<span class="m ${escape(method)}">${escape(method.toUpperCase())}</span><code>${escape(base + path)}</code>` +
    `<span class="s">${escape(operation.summary ?? '')}</span>`
  const head = '<tr><th>parameter</th><th>in</th><th>type</th><th></th></tr>'
  return `<details id="${escape(operation.operationId ?? '')}"><summary>${summary}</summary>
${parameters.length > 0 ? `<table>${head}${parameters.join('')}</table>` : ''}
${body ? `<p>body</p><pre>${escape(shape(body, 0, true))}</pre>` : ''}
${answers.join('')}${failures.length > 0 ? `<p>or ${escape(failures.join(', '))}</p>` : ''}</details>`
}

/** Writes a schema on one line or, when `wide`, as an indented outline. */
function shape(schema: Schema | undefined, depth = 0, wide = false): string {
  if (!schema) return ''
  if (schema.items) return `[${shape(schema.items, depth, wide)}]`
  if (schema.properties && depth < 3) {
    const rows = Object.entries(schema.properties).map(([name, one]) => `${name}: ${shape(one, depth + 1, wide)}`)
    return wide
      ? `{\n${rows.map((row) => '  '.repeat(depth + 1) + row).join('\n')}\n${'  '.repeat(depth)}}`
      : `{ ${Object.keys(schema.properties).join(', ')} }`
  }
  return schema.format ?? schema.type ?? 'any'
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
