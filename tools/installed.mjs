// Are the packages of this folder installed? Plain JavaScript for any Node from 20 on and without packages.
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
export const inRoot = (...names) => path.join(root, ...names)
export const stampFile = inRoot('node_modules', '.marina-stamp')

/** A plain start is content with packages that were installed for tests, but not the other way round. */
export function isInstalled(withDev) {
  const stamp = readStamp()
  return stamp?.lock === hashOfLock() && (stamp.dev || !withDev)
}

/** What the last installation wrote: the hash of its package-lock.json, and whether it was one for tests. */
export function readStamp() {
  try {
    return JSON.parse(fs.readFileSync(stampFile, 'utf8'))
  } catch {
    return undefined
  }
}

export function hashOfLock() {
  return createHash('sha256')
    .update(fs.readFileSync(inRoot('package-lock.json')))
    .digest('hex')
}
