/** Authorities, certificates of clients and revocation lists, made by openssl. */
import { execFile } from 'node:child_process'
import type { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import type { IncomingHttpHeaders } from 'node:http'
import { caExtensions, issue, type Issued } from './signing.ts'

const clientExtensions = 'basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature'

export const makeAuthority = (name: string): Promise<Issued> =>
  issue({ subject: `/CN=${name}`, extensions: caExtensions })

type Wish = { subject?: string; names?: string; usage?: string; from?: string; to?: string }

/** `names`: as openssl writes subjectAltName, such as `DNS:a.example,URI:spiffe://x/y`. */
export function makeClient(
  issuer: Issued | undefined,
  { subject = '/CN=nobody', names, usage = 'clientAuth', ...span }: Wish,
) {
  const extensions = [
    clientExtensions,
    `extendedKeyUsage=${usage}`,
    ...(names === undefined ? [] : [`subjectAltName=${names}`]),
  ].join('\n')
  return issue({ subject, extensions, ...(issuer ? { issuer } : {}), ...span })
}

const keyOf = ({ key }: Issued): string => key.export({ type: 'pkcs8', format: 'pem' }) as string

/** A revocation list in PEM. `next`: when the next one is due, such as `20200102000000Z`; in a day by default. */
export async function makeRevocationList(
  issuer: Issued,
  revoked: X509Certificate[],
  { from, next }: { from?: string; next?: string } = {},
): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'revocation-'))
  const at = (name: string) => join(dir, name)
  try {
    await writeFile(at('key'), keyOf(issuer))
    await writeFile(at('ca'), issuer.certificate.toString())
    const lines = revoked.map(
      ({ serialNumber }) => `R\t401231235959Z\t200101000000Z\t${serialNumber}\tunknown\t/CN=x\n`,
    )
    await writeFile(at('index'), lines.join(''))
    await writeFile(at('ca.cnf'), `[ca]\ndefault_ca=d\n[d]\ndatabase=${at('index')}\ndefault_md=sha256\n`)
    const span =
      next === undefined ? ['-crldays', '1'] : ['-crl_lastupdate', from ?? '20200101000000Z', '-crl_nextupdate', next]
    const files = ['-keyfile', at('key'), '-cert', at('ca'), '-config', at('ca.cnf')]
    const { stdout } = await promisify(execFile)('openssl', ['ca', '-gencrl', ...files, ...span])
    return stdout
  } finally {
    await rm(dir, { recursive: true })
  }
}

export type SecureAnswer = { status: number; headers: IncomingHttpHeaders; text: string }

/** Sends one request over TLS on a connection of its own, with the certificate of a client or without. */
export async function askSecurely(
  { port, ca }: { port: number; ca: string },
  method: string,
  path: string,
  { client, headers = {}, body }: { client?: Issued; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<SecureAnswer> {
  const identity = client ? { cert: client.certificate.toString(), key: keyOf(client) } : {}
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const options = { host: '127.0.0.1', port, ca, method, path, agent: false, headers: { ...length, ...headers } }
  const { response, text } = await new Promise<{
    response: { statusCode?: number; headers: IncomingHttpHeaders }
    text: string
  }>((resolve, reject) => {
    const request = httpsRequest({ ...options, ...identity }, (answer) => {
      buffer(answer).then((bytes) => resolve({ response: answer, text: bytes.toString('utf8') }), reject)
    })
    request.on('error', reject)
    request.end(body)
  })
  return { status: response.statusCode!, headers: response.headers, text }
}
