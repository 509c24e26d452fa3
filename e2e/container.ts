import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { debianRoot } from './debian.ts'
import { end, family, root, run, startMarina, type Ended, type Marina } from './marina.ts'

/** The part of an image's configuration that tells how it is run. */
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
  /** For Docker's eyes only: the OCI format has no health checks. */
  health: { Test: string[] }
  /** Every layer's command, as the image tells it to everyone. */
  history: string
  /** Its files; mounted, and nobody's to change. */
  files: string
  /** Runs it with arguments of its own to the end. */
  end(args: string[], given: Given): Promise<Ended>
  /** Runs it as it is, which serves. */
  start(given: Given): Promise<Contained>
}

/** A folder as the volume, settings as variables, and another program than the image's when it is to be. */
type Given = { volume: string; env?: Record<string, string>; entrypoint?: string[] }

/** Process 1 of its own process namespace, by the number it has outside. */
type Contained = Marina & { first: number }

/** The npm that makes the packages; the official image of Node 24 brings one like it. */
const npm = 'npm@11.19.1'

/**
 * What an engine does as far as a program can tell: processes and mounts of its own, a root file system that cannot be changed,
 * a volume, an empty /tmp, the image's user, and no environment but the image's. No engine runs everywhere the tests do.
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

/** deploy/Dockerfile, built on a Debian with Node and npm in it as the official image has them. */
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
  // Made anew by engines; debootstrap's was left out of what is kept.
  await mkdir(path.join(files, 'dev'), { recursive: true })
  await buildah('commit', '--quiet', '--rm', container, 'base')
}

/** Its package brings all that it needs. An install into a folder of ours would not heed the settings of this machine's npm. */
async function putNpm(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true })
  const packed = (await run(['npm', 'pack', '--silent', '--prefer-offline', '--pack-destination', dir, npm])).trim()
  await run(['tar', '--extract', '--file', path.join(dir, packed), '--directory', dir, '--strip-components=1'])
  await rm(path.join(dir, packed))
}

/**
 * What npm knows here of registries goes in by the secret that the Dockerfile offers, an authority of one's own and what was
 * fetched before by mounts: nothing of them stays in the image, and nothing of them stands in a file of ours.
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
