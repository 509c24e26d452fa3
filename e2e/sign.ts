/**
 * Signs an image as `cosign sign --key <file> <image>` and `notation sign <image>` do, for machines that have neither.
 * The keys are in files of the working folder: cosign.key; notation.key with its chain notation.pem. Ends with an error
 * when the registry refuses something.
 */
import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'

const [tool, ...words] = process.argv.slice(2)
const image = words.at(-1)!
const [, host, name, tag] = /^([^/]+)\/(.+):([^:]+)$/.exec(image)!
const authorization = `Basic ${Buffer.from(`admin:${await readFile('password', 'utf8')}`).toString('base64')}`
const ociManifest = 'application/vnd.oci.image.manifest.v1+json'
const userAgent = tool === 'cosign' ? 'cosign/v2.6.0 (linux; amd64)' : 'notation/1.3.2'

const ask = async (method: string, path: string, body?: Buffer, type = 'application/octet-stream') => {
  const headers = { authorization, 'user-agent': userAgent, 'content-type': type, accept: ociManifest }
  const answer = await fetch(`http://${host}/v2/${name}/${path}`, { method, headers, body: body ?? null })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return Buffer.from(await answer.arrayBuffer())
}
const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const push = async (bytes: Buffer, mediaType: string) => {
  const digest = digestOf(bytes)
  await ask('POST', `blobs/uploads/?digest=${digest}`, bytes)
  return { mediaType, digest, size: bytes.length }
}

const content = await ask('GET', `manifests/${tag}`)
const subject = { mediaType: ociManifest, digest: digestOf(content), size: content.length }
if (tool === 'cosign') await signByCosign(words[words.indexOf('--key') + 1]!)
else await signByNotation()

async function signByCosign(keyFile: string): Promise<void> {
  const payload = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': `${host}/${name}` },
        image: { 'docker-manifest-digest': subject.digest },
        type: 'cosign container image signature',
      },
      optional: null,
    }),
  )
  const signature = sign('sha256', payload, await readFile(keyFile, 'utf8')).toString('base64')
  const layer = await push(payload, 'application/vnd.dev.cosign.simplesigning.v1+json')
  const config = await push(Buffer.from('{}'), 'application/vnd.oci.image.config.v1+json')
  const layers = [{ ...layer, annotations: { 'dev.cosignproject.cosign/signature': signature } }]
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: ociManifest, config, layers })
  await ask('PUT', `manifests/${subject.digest.replace(':', '-')}.sig`, Buffer.from(manifest), ociManifest)
}

/** ES256 alone, which is what the test's keys are for. */
async function signByNotation(): Promise<void> {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const scheme = 'io.cncf.notary.signingScheme'
  const head = encode({
    alg: 'ES256',
    cty: 'application/vnd.cncf.notary.payload.v1+json',
    crit: [scheme],
    [scheme]: 'notary.x509',
    'io.cncf.notary.signingTime': new Date().toISOString(),
  })
  const payload = encode({ targetArtifact: subject })
  const key = createPrivateKey(await readFile('notation.key', 'utf8'))
  const signature = sign('sha256', Buffer.from(`${head}.${payload}`), { key, dsaEncoding: 'ieee-p1363' })
  const pem = await readFile('notation.pem', 'utf8')
  const chain = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  const x5c = chain.map((one) => new X509Certificate(one).raw.toString('base64'))
  const envelope = { payload, protected: head, header: { x5c }, signature: signature.toString('base64url') }
  const layers = [await push(Buffer.from(JSON.stringify(envelope)), 'application/jose+json')]
  const config = await push(Buffer.from('{}'), 'application/vnd.oci.empty.v1+json')
  const artifactType = 'application/vnd.cncf.notary.signature'
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: ociManifest, artifactType, config, layers, subject }),
  )
  await ask('PUT', `manifests/${digestOf(manifest)}`, manifest, ociManifest)
}
