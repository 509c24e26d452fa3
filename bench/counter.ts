import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The name under which a request is counted; undefined: it is not. */
type NameOf = (request: IncomingMessage) => string | undefined

/** A GET of a blob, by its digest. */
export const blobOf: NameOf = ({ method, url = '' }) =>
  method === 'GET' ? /\/blobs\/(sha256:\w+)/.exec(url)?.[1] : undefined

/** A proxy that counts the requests which pass through it: all of them, or those to which `nameOf` gives a name. */
export async function openCounter(
  port: number,
  nameOf: NameOf = () => '',
): Promise<{ port: number; count(name?: string): number } & AsyncDisposable> {
  const counts = new Map<string, number>()
  const server = createServer((incoming, outgoing) => {
    const name = nameOf(incoming)
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1)
    const { method, url, headers } = incoming
    const passed = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(outgoing)
    })
    passed.on('error', () => outgoing.destroy())
    incoming.pipe(passed)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    count: (name = '') => counts.get(name) ?? 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
