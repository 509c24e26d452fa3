import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { debianRoot } from './debian.ts'
import { end, family, root, run, startMarina, type Ended, type Marina } from './marina.ts'

/** The part of an image's configuration that says how to run it. */
type ImageConfig = {
  User: string
  Env: string[]
  Entrypoint: string[]
  Cmd: string[]
  WorkingDir: string
  Volumes: Record<string, unknown>
}

export type BuiltImage = AsyncDisposable & {
  config: ImageConfig
  /** Only Docker's image format has a health check, the OCI format has none. */
  health: { Test: string[] }
  /** The command of every layer; anyone who pulls the image can read it. */
  history: string
  /** The folder with its files, mounted; nobody may change it. */
  files: string
  /** Runs the image with other arguments to its end. */
  end(args: string[], given: Given): Promise<Ended>
  /** Runs the image with its own command, which serves. */
  start(given: Given): Promise<Contained>
}

/** `volume`: the folder that is mounted as the volume. `env`: settings. `entrypoint`: replaces the image's own. */
type Given = { volume: string; env?: Record<string, string>; entrypoint?: string[] }

/** `first`: process 1 of the container's process namespace, by its number outside. */
type Contained = Marina & { first: number }

/** The version of npm that installs the packages; the official image of Node 24 has a similar one. */
const npm = 'npm@11.19.1'

/**
 * What a container engine does, as far as a program can notice: namespaces for processes and mounts, a read-only root
 * file system, a volume, an empty /tmp, the image's user, and no environment but the image's. A real engine cannot run
 * everywhere the tests do.
 */
const enter = `
  files=$1 volume=$2 user=$3 dir=$4
  shift 4
  mount --bind "$files" "$files"
  cd "$files"
  mount --bind "$volume" "$files/data"
  mount -t tmpfs tmpfs "$files/tmp"
  mount -t proc proc "$files/proc"
  mount --rbind /dev "$files/dev"
  mount -o remount,bind,ro "$files"
  exec chroot --userspec="$user" --groups= "$files" /usr/bin/env -i -C "$dir" "$@"
`

/** Builds deploy/Dockerfile on a Debian with Node and npm in the places where the official Node image has them. */
export async function buildImage(dir: string): Promise<BuiltImage> {
  await mkdir(dir)
  const buildah = (...args: string[]) =>
    run(['buildah', '--root', path.join(dir, 'images'), '--runroot', path.join(dir, 'run'), ...args])
  const clear = async () => {
    await buildah('rm', '--all')
    await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
  try {
    await makeBase(buildah)
    await buildah(
      'build',
      '--isolation',
      'chroot',
      '--format',
      'docker',
      '--build-arg',
      'BASE=localhost/base',
      ...(await registryAccess(dir)),
      '--file',
      path.join(root, 'deploy/Dockerfile'),
      '--tag',
      'marina',
      root,
    )
    const seen = JSON.parse(await buildah('inspect', '--type', 'image', 'marina')) as {
      OCIv1: { config: ImageConfig; history: unknown }
      Docker: { config: { Healthcheck: { Test: string[] } } }
    }
    const files = (await buildah('mount', (await buildah('from', 'marina')).trim())).trim()
    const config = seen.OCIv1.config
    const command = (args: string[], given: Given) => commandIn(files, config, args, given)
    return {
      config,
      files,
      health: seen.Docker.config.Healthcheck,
      history: JSON.stringify(seen.OCIv1.history),
      end: (args, given) => end(command(args, given)),
      start: async (given) => {
        const marina = await startMarina({ dataDir: given.volume, command: command(config.Cmd, given) })
        return { ...marina, first: family(marina.pid)[1]! }
      },
      [Symbol.asyncDispose]: clear,
    }
  } catch (error) {
    await clear()
    throw error
  }
}

function commandIn(
  files: string,
  config: ImageConfig,
  args: string[],
  { volume, env = {}, entrypoint = config.Entrypoint }: Given,
): string[] {
  const variables = [...config.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)]
  return [
    'unshare',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    'sh',
    '-euc',
    enter,
    'sh',
    files,
    volume,
    config.User,
    config.WorkingDir,
    ...variables,
    ...entrypoint,
    ...args,
  ]
}

async function makeBase(buildah: (...args: string[]) => Promise<string>): Promise<void> {
  const container = (await buildah('from', 'scratch')).trim()
  const files = (await buildah('mount', container)).trim()
  await run(['cp', '-a', `${await debianRoot()}/.`, files])
  const local = path.join(files, 'usr/local')
  await putNpm(path.join(local, 'lib/node_modules/npm'))
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', path.join(local, 'bin/npm'))
  await copyFile(process.execPath, path.join(local, 'bin/node'))
  // Container engines create /dev themselves; the cached root file system has none.
  await mkdir(path.join(files, 'dev'), { recursive: true })
  await buildah('commit', '--quiet', '--rm', container, 'base')
}

/**
 * Unpacks npm's own package, which has no dependencies. An install into this folder would ignore the user's npm
 * settings.
 */
async function putNpm(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true })
  const packed = (await run(['npm', 'pack', '--silent', '--prefer-offline', '--pack-destination', dir, npm])).trim()
  await run(['tar', '--extract', '--file', path.join(dir, packed), '--directory', dir, '--strip-components=1'])
  await rm(path.join(dir, packed))
}

/**
 * Options that give the build this machine's npm settings: the registry as the secret that the Dockerfile mounts, a
 * certificate authority and npm's cache as volumes. Nothing of them stays in the image or in a file of the repository.
 */
async function registryAccess(dir: string): Promise<string[]> {
  const setting = async (name: string) => (await run(['npm', 'config', 'get', name], { cwd: root })).trim()
  const [registry, authority, cache, own] = await Promise.all(
    ['registry', 'cafile', 'cache', 'userconfig'].map(setting),
  )
  const known = await readFile(own!, 'utf8').catch(() => '')
  const hasAuthority = authority !== 'null' && authority !== ''
  const lines = [
    known,
    `registry=${registry}`,
    'cache=/var/cache/npm',
    'prefer-offline=true',
    ...(hasAuthority ? [`cafile=${authority}`] : []),
  ]
  await writeFile(path.join(dir, 'npmrc'), `${lines.join('\n')}\n`, { mode: 0o600 })
  await mkdir(cache!, { recursive: true })
  const mounts = [`${cache}:/var/cache/npm`, ...(hasAuthority ? [`${authority}:${authority}:ro`] : [])]
  return ['--secret', `id=npmrc,src=${path.join(dir, 'npmrc')}`, ...mounts.flatMap((mount) => ['--volume', mount])]
}
