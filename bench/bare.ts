/**
 * A bare node:http server that gives one recorded answer to everything: the cost of Node itself, without a registry.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const [port, file] = process.argv.slice(2)
const { headers, body } = JSON.parse(readFileSync(file!, 'utf8')) as { headers: Record<string, string>; body: string }
const content = Buffer.from(body, 'base64')

createServer((_, response) => {
  response.writeHead(200, headers)
  response.end(content)
}).listen({ port: Number(port), host: '127.0.0.1', backlog: 8192 })
