/**
 * A receiver of webhooks on the port of its first argument; with the word `hang` after it, it answers none. GET /report
 * returns how many came, and when each tag came first, in ms since 1970.
 */
import { createServer } from 'node:http'

let count = 0
const at: Record<string, number> = {}

createServer((request, response) => {
  if (request.method === 'GET') return void response.end(JSON.stringify({ count, at }))
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    const [, tag] = /"tag":"([^"]+)"/.exec(Buffer.concat(parts).toString()) ?? []
    if (tag !== undefined) at[tag] ??= performance.timeOrigin + performance.now()
    count++
    if (!process.argv.includes('hang')) response.end()
  })
}).listen(Number(process.argv[2]), '127.0.0.1')
