import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { ConfigError } from '../config/config.ts'

/** Reads and checks the files before anything starts: OpenSSL's own errors name neither the file nor the setting. */
export async function readTls(certPath: string, keyPath: string): Promise<{ cert: string; key: string }> {
  const tls = { cert: await readPem(certPath), key: await readPem(keyPath) }
  try {
    createSecureContext(tls)
    return tls
  } catch (error) {
    throw new ConfigError(
      `${certPath} (MARINA_TLS_CERT) and ${keyPath} (MARINA_TLS_KEY) are not a certificate with its key in PEM: ` +
        (error as Error).message,
    )
  }
}

export async function readPem(path: string, setting = 'MARINA_TLS_CERT, MARINA_TLS_KEY'): Promise<string> {
  return readFile(path, 'utf8').catch((error: Error) => {
    throw new ConfigError(`${path} (${setting}) cannot be read: ${error.message}`)
  })
}
