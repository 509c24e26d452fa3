import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ConfigError, type Config } from './config.ts'

/** Encrypts what must be kept but never shown (C-27). */
export interface Secrets {
  /** AES-256-GCM; `purpose` is authenticated with the value, so that it cannot be moved to another place. */
  seal(plain: string, purpose: string): string
  /** Throws ConfigError when the key is not the one that sealed, or the value was altered. */
  unseal(sealed: string, purpose: string): string
  /** 32 bytes made of the key for one purpose, the same in every process. */
  derive(purpose: string): Buffer
  /** A fingerprint of the key, to recognise a wrong key before it does harm. Reveals nothing of the key. */
  readonly mark: string
}

/** Takes the key from the configuration, else from `<data_dir>/secret.key`, which the first start makes (mode 0600). */
export async function openSecrets(config: Pick<Config['server'], 'secretKey' | 'dataDir'>): Promise<Secrets> {
  return secretsOf(Buffer.from(config.secretKey ?? (await readOrMakeKey(join(config.dataDir, 'secret.key'))), 'hex'))
}

export function secretsOf(master: Buffer): Secrets {
  const key = Buffer.from(hkdfSync('sha256', master, '', 'marina seal', 32))
  return {
    seal(plain, purpose) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return `v1.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`
    },
    unseal(sealed, purpose) {
      const bytes = Buffer.from(sealed.slice(3), 'base64url')
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
          .setAAD(Buffer.from(purpose))
          .setAuthTag(bytes.subarray(12, 28))
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
      } catch {
        throw new ConfigError(
          `a secret in the database (${purpose}) cannot be decrypted: MARINA_SECRET_KEY, ` +
            'or secret.key in the data folder, is not the one it was encrypted with',
        )
      }
    },
    derive: (purpose) => Buffer.from(hkdfSync('sha256', master, '', `marina ${purpose}`, 32)),
    mark: createHmac('sha256', master).update('marina mark').digest('hex').slice(0, 16),
  }
}

async function readOrMakeKey(path: string): Promise<string> {
  const found = await readKey(path)
  if (found) return found
  await mkdir(dirname(path), { recursive: true })
  // Written whole under another name first: a kill must not leave half a key, and two first starts must agree on one.
  // The name holds a random id and no process number: in containers that share a volume those are all the same.
  const draft = `${path}.${randomUUID()}`
  await using file = await open(draft, 'w', 0o600)
  await file.writeFile(`${randomBytes(32).toString('hex')}\n`)
  await file.sync()
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await unlink(draft)
  return (await readKey(path))!
}

async function readKey(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new ConfigError(`${path} cannot be read: ${error.message}`)
  })
  if (text === undefined) return undefined
  if (!/^[0-9a-f]{64}\s*$/.test(text))
    throw new ConfigError(`${path} does not hold a key of 64 hex digits: restore it from a backup`)
  return text.trim()
}
