// The name of the portal's build: the hash of all that it is made of. Plain JavaScript for any Node from 20 on, because
// tools/install.mjs asks before the packages are there.
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const folders = ['portal', 'api', 'oci']

/** The folder of all builds; `current` in it names the one to serve. */
export const buildsFolder = path.join(root, '.cache', 'portal')
const currentFile = path.join(buildsFolder, 'current')

/** A hash of the sources below portal/, api/ and oci/, without tests, and of the versions of all packages. */
export function hashOfPortal() {
  const hash = createHash('sha256')
  for (const file of [...sources(), path.join(root, 'package-lock.json')])
    hash
      .update(`${path.relative(root, file)}\0`)
      .update(fs.readFileSync(file))
      .update('\0')
  return hash.digest('hex').slice(0, 20)
}

/** The hash of the build that is served; undefined before the first one. */
export function readCurrent() {
  try {
    const hash = fs.readFileSync(currentFile, 'utf8').trim()
    return fs.existsSync(path.join(buildsFolder, hash, 'manifest.json')) ? hash : undefined
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Makes this build the one to serve; readers find the old name or the new one, never a part of it. */
export function writeCurrent(hash) {
  const beside = `${currentFile}.${process.pid}`
  fs.writeFileSync(beside, hash)
  fs.renameSync(beside, currentFile)
}

function sources() {
  const isSource = (name) => !/(?:^testing[\\/]|\.(?:test|suite)\.tsx?$)/.test(name)
  return folders.flatMap((folder) => {
    const names = fs.readdirSync(path.join(root, folder), { recursive: true }).filter(isSource).sort()
    return names.map((name) => path.join(root, folder, name)).filter((file) => fs.statSync(file).isFile())
  })
}
