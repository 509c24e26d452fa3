// Which bundle of the server belongs to the sources that are here. Plain JavaScript for any Node from 20 on, because
// tools/install.mjs asks, too.
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const folders = ['server', 'cli', 'api', 'oci']
/** The second is npm's note of what is installed. */
const packages = ['package.json', 'node_modules/.package-lock.json']

/** The folder of all bundles, each in a folder by its hash. */
export const bundlesFolder = path.join(root, '.cache', 'server')

/**
 * A hash of the names, sizes and times of the sources below server/, cli/, api/ and oci/, without tests, and of the
 * packages. To read the files would add a tenth to the time of a start.
 */
export function hashOfServer(top = root) {
  const hash = createHash('sha256')
  for (const name of [...folders.flatMap((folder) => sourcesBelow(top, folder)), ...packages]) {
    const found = fs.statSync(path.join(top, name), { throwIfNoEntry: false })
    hash.update(`${name}\0${found?.size}\0${found?.mtimeMs}\0`)
  }
  return hash.digest('hex').slice(0, 20)
}

/** The folder of the bundle that was made of these very sources; undefined where there is none. */
export function findBundle() {
  if (!fs.existsSync(bundlesFolder)) return undefined
  const folder = path.join(bundlesFolder, hashOfServer())
  return fs.existsSync(folder) ? folder : undefined
}

function sourcesBelow(top, folder) {
  const found = fs.readdirSync(path.join(top, folder), { withFileTypes: true }).flatMap((one) => {
    const name = `${folder}/${one.name}`
    if (one.isDirectory()) return name === 'server/testing' ? [] : sourcesBelow(top, name)
    return isSource(one.name) ? [name] : []
  })
  return found.sort()
}

const isSource = (name) => /\.(?:ts|mjs)$/.test(name) && !/\.(?:test|suite|test-child)\.ts$/.test(name)
