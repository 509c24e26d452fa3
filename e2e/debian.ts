import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { end, root } from './marina.ts'

const suite = 'bookworm'
const ready = path.join(root, '.cache', `debian-${suite}`)

/**
 * A Debian root file system, made once by debootstrap and cached in .cache. Package lists, manuals and translations are
 * left out: the tests run faster without them.
 */
export async function debianRoot(): Promise<string> {
  if (existsSync(ready)) return ready
  await mkdir(path.dirname(ready), { recursive: true })
  const fresh = await mkdtemp(`${ready}.new-`)
  const command = ['debootstrap', '--variant=minbase', suite, fresh, await mirror()]
  try {
    if (process.getuid?.() !== 0)
      throw new Error(
        `debootstrap needs root; once, run: sudo ${command.with(3, ready).join(' ')} && sudo chmod -R a+rX ${ready}`,
      )
    const { code, stdout, stderr } = await end(command)
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}\n${stdout.slice(-2000)}${stderr}`)
    for (const name of [
      'var/cache/apt',
      'var/lib/apt/lists',
      'usr/share/doc',
      'usr/share/man',
      'usr/share/locale',
      'var/log',
      'dev',
    ])
      await rm(path.join(fresh, name), { recursive: true })
    await rename(fresh, ready).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY') throw error
    })
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
  return ready
}

/** One comparable line for every file below a folder: kind, mode, owner and content. */
export async function describeTree(dir: string, at = ''): Promise<string[]> {
  const names = (await readdir(path.join(dir, at))).sort()
  const lines: string[] = []
  for (const name of names) {
    const inside = path.join(at, name)
    const file = path.join(dir, inside)
    const stats = await lstat(file)
    const content = stats.isSymbolicLink()
      ? `-> ${await readlink(file)}`
      : stats.isFile()
        ? `${stats.size} ${await hashOf(file)}`
        : ''
    lines.push(`${inside} ${stats.mode.toString(8)} ${stats.uid}:${stats.gid} ${content}`)
    if (stats.isDirectory()) lines.push(...(await describeTree(dir, inside)))
  }
  return lines
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** The mirror that this machine installs its Debian packages from. */
async function mirror(): Promise<string> {
  const folder = '/etc/apt/sources.list.d'
  const files = [
    '/etc/apt/sources.list',
    ...(await readdir(folder).catch(() => [])).map((name) => path.join(folder, name)),
  ]
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
  const all = texts.flatMap((text) =>
    [...text.matchAll(/^URIs: *(\S+)|^deb (?:\[.*\] )?(\S+)/gm)].map((found) => found[1] ?? found[2]!),
  )
  const debian = all.find((uri) => /\/debian\/?$/.test(uri))
  if (!debian) throw new Error('no Debian mirror found in /etc/apt: debootstrap needs one')
  return debian
}
