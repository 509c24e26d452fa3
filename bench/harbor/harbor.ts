/**
 * Starts a Harbor that was built from its sources, with the settings of Harbor's own installer (make/harbor.yml.tmpl
 * and make/photon/prepare/templates of Harbor 2.15), on loopback and with empty folders. docs/develop/harbor.md says
 * how to build it, and which parts are Debian's.
 */
import path from 'node:path'
import { harborToken, startRedis, type Registry } from '../registries.ts'
import { freePort, type Scratch } from '../scratch.ts'
import { startDatabase } from './database.ts'
import { coreSettings, harborPassword, jobServiceSettings, writeFiles, type Parts } from './files.ts'
import { writeNginxFile } from './nginx.ts'

/**
 * Starts Harbor's parts one after the other.
 * @param home a folder with `bin/core`, `bin/jobservice`, `bin/registryctl` and `migrations/postgresql`
 * @param fixed ports that clients know; free ones are taken for the others. Harbor replicates only when its core
 * listens on port 8080, since it asks itself there (pkg/reg/adapter/harbor/base/client.go).
 */
export async function startHarbor(
  scratch: Scratch,
  home: string,
  fixed: { nginx?: number; core?: number } = {},
): Promise<Registry> {
  const parts = await choosePorts(fixed)
  const files = await writeFiles(scratch, parts)
  // They say what is wrong on stdout: `harbor/core.log` and the like.
  const logged = (name: string, ...args: string[]) => [
    'sh',
    '-c',
    'exec "$0" "$@" >"$LOG_FILE"',
    path.join(home, 'bin', name),
    ...args,
  ]
  const logFile = (name: string) => ({ LOG_FILE: scratch.path(`harbor/${name}.log`) })
  const migrations = `${path.join(home, 'migrations/postgresql')}/`
  const database = await startDatabase(scratch, parts.postgres)
  const redis = await startRedis(scratch, parts.redis)
  const registry = await scratch.start(['docker-registry', 'serve', files.registry], { port: parts.registry })
  const control = await scratch.start(logged('registryctl', '-c', files.registryctl), {
    port: parts.registryctl,
    env: { CORE_SECRET: parts.secret, JOBSERVICE_SECRET: parts.secret, ...logFile('registryctl') },
  })
  const core = await scratch.start(logged('core'), {
    port: parts.core,
    env: { ...coreSettings(parts, files), ...logFile('core'), POSTGRES_MIGRATION_SCRIPTS_PATH: migrations },
  })
  const jobs = await scratch.start(logged('jobservice', '-c', files.jobservice), {
    port: parts.jobservice,
    env: { ...jobServiceSettings(parts, files), ...logFile('jobservice') },
  })
  const nginx = await scratch.start(['nginx', '-p', files.dir, '-c', writeNginxFile(scratch, parts), '-e', 'stderr'], {
    port: parts.nginx,
    isReady: isHealthy,
  })
  return {
    name: 'harbor',
    port: parts.nginx,
    // Seven programs: the bench neither watches their processor time nor looks at their bytes.
    pid: 0,
    storage: '',
    token: (repositories) => harborToken(parts.nginx, `Basic ${btoa(`admin:${harborPassword}`)}`, repositories),
    async stop() {
      for (const part of [nginx, jobs, core, control, registry, redis, database]) await part.stop()
    },
  }
}

async function choosePorts(fixed: { nginx?: number; core?: number }): Promise<Parts> {
  const [postgres, redis, registry, registryctl, jobservice] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  const [core, nginx] = [fixed.core ?? (await freePort()), fixed.nginx ?? (await freePort())]
  return { postgres, redis, registry, registryctl, jobservice, core, nginx, secret: 'loopback-only-16' }
}

/** Harbor is healthy when all of its parts are; it answers 200 before. */
async function isHealthy(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v2.0/health`).catch(() => undefined)
  if (!answer?.ok) return false
  return ((await answer.json()) as { status: string }).status === 'healthy'
}
