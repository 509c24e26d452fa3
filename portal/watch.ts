/**
 * `npm run portal`: builds the portal again at each change and serves it, beside a running Marina that answers all
 * else. MARINA_PORTAL_API is that Marina (http://localhost:8080), MARINA_PORTAL_PORT the port for the browser (8090).
 */
import { watch } from 'node:fs'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import path from 'node:path'
import { bundle } from './bundle.ts'

const api = new URL(process.env['MARINA_PORTAL_API'] ?? 'http://localhost:8080')
const port = Number(process.env['MARINA_PORTAL_PORT'] ?? 8090)
const pathsOfMarina = /^\/(?:api|v2|service|c|devcenter-api-2\.0)(?:\/|$|\?)/
const types: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const reload = `<script>new EventSource('/reload').onmessage = () => location.reload()</script>`

let files = new Map<string, Uint8Array>()
const listeners = new Set<ServerResponse>()

await rebuild()
watch(path.join(import.meta.dirname, 'src'), { recursive: true }, debounce(rebuild, 50))
createServer(answer).listen(port, '127.0.0.1', () => {
  console.log(`marina: the portal is at http://localhost:${port}, its Marina at ${api.href}`)
})

async function rebuild(): Promise<void> {
  try {
    const made = await bundle({ minify: false })
    files = new Map(made.files.map(({ name, bytes }) => [`/${name}`, bytes]))
    for (const listener of listeners) listener.write('data: changed\n\n')
    console.log(`marina: built at ${new Date().toLocaleTimeString()}`)
  } catch (error) {
    // esbuild has printed what is wrong; the last good build stays.
    console.log(`marina: not built: ${(error as Error).message.split('\n', 1)[0]}`)
  }
}

function answer(asked: IncomingMessage, response: ServerResponse): void {
  const place = asked.url!.split('?', 1)[0]!
  if (pathsOfMarina.test(asked.url!)) return passOn(asked, response)
  if (place === '/reload') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    listeners.add(response)
    response.on('close', () => listeners.delete(response))
    return
  }
  const bytes = files.get(place)
  if (place.startsWith('/assets/') && !bytes) return void response.writeHead(404).end()
  const type = bytes ? types[path.extname(place)]! : 'text/html; charset=utf-8'
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(
    bytes ??
      Buffer.from(files.get('/index.html') ?? '')
        .toString('utf8')
        .replace('</body>', `${reload}</body>`),
  )
}

/** The host stays that of the browser: Marina refuses changes that come from another site. */
function passOn(asked: IncomingMessage, response: ServerResponse): void {
  const { hostname, port: apiPort } = api
  const { method, url, headers } = asked
  const passed = request({ hostname, port: apiPort || 80, method, path: url, headers }, (answered) => {
    response.writeHead(answered.statusCode!, answered.headers)
    answered.pipe(response)
  })
  passed.on('error', (error) =>
    response.writeHead(502).end(`Marina at ${api.href} cannot be reached: ${error.message}\n`),
  )
  asked.pipe(passed)
}

function debounce(work: () => Promise<void>, ms: number): () => void {
  let timer: NodeJS.Timeout | undefined
  return () => {
    clearTimeout(timer)
    timer = setTimeout(() => void work(), ms)
  }
}
