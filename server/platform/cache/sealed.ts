import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import type { SharedLayer } from './shared-layer.ts'
import { openCounts, type CacheCounts } from './counts.ts'
import { resourceOf } from './keys.ts'
import type { Redis } from './redis.ts'
import type { Stamps } from './peers/stamps.ts'

/**
 * The layer between memory and database, in a Redis that need not be trusted. A value is encrypted with a secret of
 * this installation, and authenticated together with its key and the stamp under which it was read. A process believes
 * it only while it knows the same stamp, so it refuses old, moved, replayed and forged values
 * (docs/decisions/0009-redis.md).
 */
type SealedLayer = SharedLayer & { counts(): CacheCounts[] }

export type SealedOptions = {
  redis: Redis
  stamps: Pick<Stamps, 'of'>
  /** 32 bytes that only this installation knows. */
  secret: Uint8Array
  /** Marina's build: values of other builds, which may have other shapes, are not believed. */
  build: string
  /** How long Redis keeps a value, in ms. */
  expireMs: number
}

/** The largest value that is kept, in bytes: a larger one would hold up the small ones behind it. */
const mostBytes = 2 ** 20
const [nonceBytes, tagBytes] = [12, 16]

export function openSealedLayer({ redis, stamps, secret, build, expireMs }: SealedOptions): SealedLayer {
  const counts = openCounts('redis')
  const secretKey = Buffer.from(hkdfSync('sha256', secret, '', `marina cache ${build}`, 32))

  const seal = (key: string, stamp: string, plain: Buffer): Buffer => {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', secretKey, nonce).setAAD(boundTo(key, stamp))
    const body = Buffer.concat([cipher.update(plain), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), body])
  }

  /** Undefined for a value that this installation did not seal for this key and this stamp. */
  const open = (key: string, stamp: string, sealed: Buffer): object | undefined => {
    try {
      const decipher = createDecipheriv('aes-256-gcm', secretKey, sealed.subarray(0, nonceBytes))
        .setAAD(boundTo(key, stamp))
        .setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes))
      return deserialize(
        Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]),
      ) as object
    } catch {
      return undefined
    }
  }

  /**
   * By the stamp that is known now, not when Redis was asked: no change could be committed that this process has not
   * heard of.
   */
  const check = (key: string, sealed: Buffer | undefined): object | undefined => {
    const stamp = sealed && stamps.of(key)
    const value = stamp === undefined ? undefined : open(key, stamp, sealed!)
    counts.of(resourceOf(key))[value ? 'hit' : sealed ? 'refuse' : 'miss']++
    return value
  }

  return {
    async read(keys) {
      if (stamps.of(keys[0]!) === undefined) return keys.map(() => undefined)
      const found = await redis.read(keys, mostBytes + nonceBytes + tagBytes)
      if (found === undefined) counts.of(resourceOf(keys[0]!)).error++
      return keys.map((key, index) => check(key, found?.[index]))
    },
    write(key, value) {
      const stamp = stamps.of(key)
      if (stamp === undefined || !redis.isUp()) return
      const plain = serialize(value)
      if (plain.length > mostBytes) return
      const { load, error } = {
        load: () => counts.of(resourceOf(key)).load++,
        error: () => counts.of(resourceOf(key)).error++,
      }
      redis.write(key, seal(key, stamp, plain), expireMs).then((isKept) => (isKept ? load() : error()), error)
    },
    forget(keys) {
      for (const key of keys) counts.of(resourceOf(key)).forget++
      redis.forget(keys)
    },
    counts: () => counts.all(),
  }
}

const boundTo = (key: string, stamp: string) => Buffer.from(`${stamp}\n${key}`)
