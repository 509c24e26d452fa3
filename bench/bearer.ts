import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { output, type Scratch } from './scratch.ts'

/** `certificate` and `file`: the paths of its certificate and of itself, both PEM. `id`: the key's id in tokens. */
export type Key = { certificate: string; file: string; privateKey: KeyObject; id: string }

/** A new key for ES256, with a self-signed certificate. */
export async function makeKey(scratch: Scratch): Promise<Key> {
  const id = randomBytes(4).toString('hex')
  const [keyFile, certificate] = [scratch.path(`key-${id}.pem`), scratch.path(`certificate-${id}.pem`)]
  await output('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    keyFile,
    '-out',
    certificate,
    '-days',
    '2',
    '-subj',
    '/CN=bench',
  ])
  const privateKey = createPrivateKey(readFileSync(keyFile))
  return { certificate, file: keyFile, privateKey, id: fingerprint(createPublicKey(privateKey)) }
}

/** The id by which docker-registry 2.8 finds a key (libtrust): 240 bits of the key's SHA-256, base32 in groups of 4. */
function fingerprint(key: KeyObject): string {
  const bits = [
    ...createHash('sha256')
      .update(key.export({ type: 'spki', format: 'der' }))
      .digest()
      .subarray(0, 30),
  ]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
  const letters = bits
    .match(/.{5}/g)!
    .map((five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five, 2)])
    .join('')
  return letters.match(/.{4}/g)!.join(':')
}

/** A token for pulls and pushes of these repositories, with the claims that Marina's tokens have. */
export function signToken({ privateKey, id }: Key, repositories: string[]): string {
  const now = Math.floor(Date.now() / 1000)
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    iss: 'bench',
    sub: 'admin',
    aud: 'bench',
    iat: now,
    nbf: now - 60,
    exp: now + 3600,
    jti: randomBytes(16).toString('hex'),
    access: repositories.map((name) => ({ type: 'repository', name, actions: ['pull', 'push'] })),
  }
  const signed = `${part({ alg: 'ES256', typ: 'JWT', kid: id })}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}
