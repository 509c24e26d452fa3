import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A proxy that counts the GETs of each blob which pass through it. */
export async function openBlobCounter(
  port: number,
): Promise<{ port: number; count(digest: string): number } & AsyncDisposable> {
  const counts = new Map<string, number>()
  const server = createServer((incoming, outgoing) => {
    const { method, url = '', headers } = incoming
    const digest = /\/blobs\/(sha256:\w+)/.exec(url)?.[1]
    if (method === 'GET' && digest) counts.set(digest, (counts.get(digest) ?? 0) + 1)
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
    count: (digest) => counts.get(digest) ?? 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
