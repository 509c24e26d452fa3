import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { openLog } from '../platform/observe/log.ts'
import { openOutbound, type OutboundOptions } from '../platform/outbound/outbound.ts'
import { noBudget, openRemote, type Endpoint, type Remote, type RemoteLimits } from '../registry/remote/remote.ts'
import type { Certificate } from './certificate.ts'

/** How a stand-in answers: `undefined` is 404 as a registry says it. */
export type Answering = (request: IncomingMessage, response: ServerResponse) => unknown

type OtherSide = AsyncDisposable & {
  url: string
  /** Method, path with query, and `Authorization` of every request, in the order in which they came. */
  asked: { method: string; path: string; authorization: string | undefined }[]
  /** `method path` of every request. */
  lines(): string[]
  /** Shows this certificate from now on; connections that are open are closed. */
  present(certificate: Certificate): void
}

/** A server on this machine that stands for another registry or its token service, with faults that no real one has. */
export async function openOtherSide(answer: Answering, tls?: Certificate, host = '127.0.0.1'): Promise<OtherSide> {
  const asked: OtherSide['asked'] = []
  const listener: RequestListener = (request, response) => {
    const { method = '', url = '', headers } = request
    asked.push({ method, path: url, authorization: headers.authorization })
    void answer(request, response)
  }
  const server = tls ? createTlsServer(tls, listener) : createServer(listener)
  server.listen(0, host)
  await once(server, 'listening')
  return {
    url: `${tls ? 'https' : 'http'}://${host}:${(server.address() as AddressInfo).port}`,
    asked,
    lines: () => asked.map(({ method, path }) => `${method} ${path}`),
    present(certificate) {
      if ('setSecureContext' in server) server.setSecureContext(certificate)
      server.closeAllConnections()
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

export function sendJson(response: ServerResponse, body: unknown, status = 200, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

export function sendError(response: ServerResponse, status: number, code: string): void {
  sendJson(response, { errors: [{ code, message: `no ${code}` }] }, status)
}

type Opened = Remote & Disposable

/** A remote with short pauses; `allow` opens loopback by default. */
export function openOtherRemote(
  endpoint: Endpoint,
  limits: Partial<RemoteLimits> = {},
  options: Partial<OutboundOptions> = {},
): Opened {
  const outbound = openOutbound({ allow: ['127.0.0.1'], ...options })
  const log = openLog({ level: 'silent', format: 'json' })
  const remote = openRemote({ outbound, endpoint, budget: noBudget, log, limits: { backOffMs: 1, ...limits } })
  return Object.assign(remote, { [Symbol.dispose]: () => outbound.close() })
}
