import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { makeCertificate } from '../../../testing/certificate.ts'
import { makeAuthority } from '../../../testing/client-certificates.ts'
import { openTestMarina, type TestSettings } from '../../../testing/server.ts'

/** An authority that is trusted, one that is not, and a Marina without TLS, whose database others share. */
export async function openCertificateScene() {
  const opened = new AsyncDisposableStack()
  after(() => opened.disposeAsync())
  const dir = await mkdtemp(join(tmpdir(), 'client-certificates-'))
  opened.defer(() => rm(dir, { recursive: true }))
  /** Writes a file, and returns its path. */
  const file = async (name: string, text: string) => {
    await writeFile(join(dir, name), text)
    return join(dir, name)
  }
  const [own, authority, stranger] = [
    await makeCertificate(),
    await makeAuthority('Machines'),
    await makeAuthority('X'),
  ]
  const tls = {
    MARINA_TLS_CERT: await file('cert.pem', own.cert),
    MARINA_TLS_KEY: await file('key.pem', own.key),
    MARINA_CLIENT_CA: await file('clients.pem', authority.certificate.toString()),
  } satisfies TestSettings
  const plain = opened.use(await openTestMarina())
  return { opened, file, own, authority, stranger, tls, plain }
}
