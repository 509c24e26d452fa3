import { readFileSync } from 'node:fs'
import type { Agent, IncomingMessage } from 'node:http'
import type { Send } from '../../api/client.ts'
import type { Place } from './place.ts'
import { exitCodes, Problem } from './problem.ts'

/**
 * Sends requests by Node's own http or https, whichever the URL needs, over connections that are kept. HTTPS_PROXY,
 * HTTP_PROXY and NO_PROXY are obeyed. Certificates of `ca` are trusted beside the system's.
 */
export function openTransport({ url, ca, isInsecure }: Pick<Place, 'url' | 'ca' | 'isInsecure'>): Send {
  let opened: ReturnType<typeof open> | undefined
  return async (target, { method, headers, body, signal }) => {
    const { request, agent } = await (opened ??= open(url, ca, isInsecure))
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(target, { method, headers: { ...headers, 'user-agent': 'marina-cli' }, agent, signal })
      sent.once('response', resolve).once('error', reject).end(body)
    }).catch((error: NodeJS.ErrnoException) => {
      throw unreachable(url, error)
    })
    return {
      status: answer.statusCode!,
      headers: { get: (name) => single(answer.headers[name]) },
      text: () => read(url, answer),
    }
  }
}

async function open(url: string, ca: string | undefined, isInsecure: boolean) {
  const options = { keepAlive: true, proxyEnv: process.env }
  if (url.startsWith('http:')) {
    const { request, Agent: HttpAgent } = await import('node:http')
    return { request, agent: new HttpAgent(options) }
  }
  const [{ request, Agent: HttpsAgent }, { getCACertificates }] = await Promise.all([
    import('node:https'),
    import('node:tls'),
  ])
  const trusted = ca === undefined ? {} : { ca: [...getCACertificates('default'), readCa(ca)] }
  return { request, agent: new HttpsAgent({ ...options, ...trusted, rejectUnauthorized: !isInsecure }) as Agent }
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Problem(`the certificates (--ca) cannot be read: ${(error as Error).message}`, {
      exitCode: exitCodes.usage,
    })
  }
}

const single = (value: string | string[] | undefined) => (Array.isArray(value) ? value.join(', ') : (value ?? null))

async function read(url: string, answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer)
  } catch (error) {
    throw unreachable(url, error as NodeJS.ErrnoException)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** What a failed connection means, and what to try; by the codes of Node, OpenSSL and the system. */
function unreachable(url: string, { code = '', name, message, cause }: NodeJS.ErrnoException): Problem {
  const why = reasons.find(([codes]) => codes.test(code) || codes.test(name))
  const text = message || (cause instanceof Error ? cause.message : code)
  const [, said = text, wayOut] = why ?? []
  return new Problem(`${url} cannot be asked: ${said}`, { exitCode: exitCodes.unreachable, wayOut })
}

const reasons: [RegExp, string, string][] = [
  [/^ECONNREFUSED$/, 'nothing listens there', 'is Marina running, and is the port right?'],
  [/^(?:ENOTFOUND|EAI_AGAIN)$/, 'its name is not known', 'is the address right? marina whoami shows it'],
  [
    /^(?:TimeoutError|ABORT_ERR|AbortError|ETIMEDOUT)$/,
    'no answer in time',
    'try again, or wait longer by --timeout <seconds>',
  ],
  [/^(?:ECONNRESET|EPIPE|HPE_\w+)$/, 'the connection broke off', 'try again; does the port speak this protocol?'],
  [
    /^ERR_SSL_(?:WRONG_VERSION|PACKET_LENGTH)\w*$|^EPROTO$/,
    'it does not speak TLS',
    'is it http:// instead of https://?',
  ],
  [
    /CERT|UNABLE_TO|SELF_SIGNED|ALTNAME/,
    'its certificate is not trusted',
    'name the authority by --ca <file>, or skip the check by --insecure',
  ],
]
