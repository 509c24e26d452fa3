/**
 * The settings of Harbor's parts, as the templates of its installer make them of an unchanged harbor.yml. YAML reads
 * JSON. All parts log errors only, as the other registries of the bench do.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { output, type Scratch } from '../scratch.ts'

/** The ports of Harbor's parts, and the secret that they share. */
export type Parts = Record<
  'postgres' | 'redis' | 'registry' | 'registryctl' | 'core' | 'jobservice' | 'nginx',
  number
> & { secret: string }

type Files = {
  dir: string
  registry: string
  registryctl: string
  jobservice: string
  core: string
  encryptionKey: string
  tokenKey: string
}

/** Of the account `admin`, which Harbor makes at its first start. */
export const harborPassword = 'Harbor12345'

const account = { name: 'harbor_registry_user', password: 'loopback-only' }
const onLoopback = (port: number) => `http://127.0.0.1:${port}`

export async function writeFiles(scratch: Scratch, parts: Parts): Promise<Files> {
  const dir = scratch.path('harbor')
  mkdirSync(dir, { recursive: true })
  const write = (name: string, content: string) => {
    const file = scratch.path('harbor', name)
    writeFileSync(file, content)
    return file
  }
  const passwords = write('passwords', `${account.name}:${await bcrypt(account.password)}\n`)
  const registry = write('registry.json', JSON.stringify(registrySettings(scratch, parts, passwords)))
  const control = { protocol: 'http', port: String(parts.registryctl), log_level: 'error', registry_config: registry }
  return {
    dir,
    registry,
    registryctl: write('registryctl.json', JSON.stringify(control)),
    jobservice: write('jobservice.json', JSON.stringify(workerSettings(scratch, parts))),
    core: write(
      'app.conf',
      `appname = Harbor\nrunmode = prod\nenablegzip = true\n\n[prod]\nhttpport = ${parts.core}\n`,
    ),
    encryptionKey: write('key', parts.secret),
    tokenKey: write(
      'token.pem',
      generateKeyPairSync('rsa', {
        modulusLength: 4096,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
      }).privateKey,
    ),
  }
}

/** With the cost of Harbor's installer, which calls `htpasswd -B`: 5. */
async function bcrypt(password: string): Promise<string> {
  return output('perl', ['-e', 'print crypt($ARGV[0], q{$2y$05$loopbackonlyloopbackon})', password])
}

function registrySettings(scratch: Scratch, parts: Parts, passwords: string): object {
  const pool = { maxidle: 100, maxactive: 500, idletimeout: '60s' }
  return {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      cache: { layerinfo: 'redis' },
      filesystem: { rootdirectory: scratch.path('harbor/storage') },
      maintenance: { uploadpurging: { enabled: true, age: '168h', interval: '24h', dryrun: false } },
      delete: { enabled: true },
    },
    redis: {
      addr: `127.0.0.1:${parts.redis}`,
      db: 1,
      readtimeout: '10s',
      writetimeout: '10s',
      dialtimeout: '10s',
      pool,
    },
    http: { addr: `127.0.0.1:${parts.registry}`, secret: parts.secret },
    auth: { htpasswd: { realm: 'harbor-registry-basic-realm', path: passwords } },
    validation: { disabled: true },
    compatibility: { schema1: { enabled: true } },
  }
}

function workerSettings(scratch: Scratch, parts: Parts): object {
  const folder = scratch.path('harbor/job-logs')
  mkdirSync(folder, { recursive: true })
  const toFile = {
    name: 'FILE',
    level: 'INFO', // what Harbor's API shows as the log of a task
    settings: { base_dir: folder },
    sweeper: { duration: 1, settings: { work_dir: folder } },
  }
  return {
    protocol: 'http',
    port: parts.jobservice,
    worker_pool: {
      workers: 10,
      backend: 'redis',
      redis_pool: {
        redis_url: `redis://127.0.0.1:${parts.redis}/2?idle_timeout_seconds=30`,
        namespace: 'harbor_job_service_namespace',
        idle_timeout_second: 3600,
      },
    },
    job_loggers: [toFile],
    loggers: [{ name: 'STD_OUTPUT', level: 'ERROR' }],
    reaper: { max_update_hours: 24, max_dangling_hours: 168 },
    max_retrieve_size_mb: 10,
  }
}

/** The environment of Harbor's core. */
export function coreSettings(parts: Parts, files: Files): Record<string, string> {
  return {
    ...shared(parts),
    CONFIG_PATH: files.core,
    KEY_PATH: files.encryptionKey,
    TOKEN_PRIVATE_KEY_PATH: files.tokenKey,
    PORT: String(parts.core),
    EXT_ENDPOINT: onLoopback(parts.nginx),
    PORTAL_URL: onLoopback(parts.nginx),
    CORE_LOCAL_URL: onLoopback(parts.core),
    TOKEN_SERVICE_URL: `${onLoopback(parts.core)}/service/token`,
    JOBSERVICE_URL: onLoopback(parts.jobservice),
    _REDIS_URL_CORE: `redis://127.0.0.1:${parts.redis}?idle_timeout_seconds=30`,
    _REDIS_URL_REG: `redis://127.0.0.1:${parts.redis}/1?idle_timeout_seconds=30`,
    DATABASE_TYPE: 'postgresql',
    POSTGRESQL_HOST: '127.0.0.1',
    POSTGRESQL_PORT: String(parts.postgres),
    POSTGRESQL_USERNAME: 'postgres',
    POSTGRESQL_PASSWORD: 'not-asked-for',
    POSTGRESQL_DATABASE: 'postgres',
    POSTGRESQL_SSLMODE: 'disable',
    POSTGRESQL_MAX_IDLE_CONNS: '100',
    POSTGRESQL_MAX_OPEN_CONNS: '900',
    HARBOR_ADMIN_PASSWORD: harborPassword,
    MAX_JOB_WORKERS: '10',
    CSRF_KEY: `${parts.secret}${parts.secret}`,
    RELOAD_KEY: parts.secret,
    ROBOT_SCANNER_NAME_PREFIX: 'scanner',
    WITH_TRIVY: 'false',
    READ_ONLY: 'false',
    PERMITTED_REGISTRY_TYPES_FOR_PROXY_CACHE:
      'docker-hub,harbor,azure-acr,ali-acr,aws-ecr,google-gcr,docker-registry,github-ghcr,jfrog-artifactory',
    REPLICATION_ADAPTER_WHITELIST:
      'ali-acr,aws-ecr,azure-acr,docker-hub,docker-registry,github-ghcr,google-gcr,harbor,huawei-SWR,' +
      'jfrog-artifactory,tencent-tcr,volcengine-cr',
  }
}

/** The environment of Harbor's job service. */
export function jobServiceSettings(parts: Parts, files: Files): Record<string, string> {
  return {
    ...shared(parts),
    KEY_PATH: files.encryptionKey,
    JOBSERVICE_WEBHOOK_JOB_MAX_RETRY: '3',
    JOBSERVICE_WEBHOOK_JOB_HTTP_CLIENT_TIMEOUT: '3',
  }
}

function shared({ core, registry, registryctl, secret }: Parts): Record<string, string> {
  return {
    CORE_URL: onLoopback(core),
    CORE_SECRET: secret,
    JOBSERVICE_SECRET: secret,
    REGISTRY_URL: onLoopback(registry),
    REGISTRY_CONTROLLER_URL: onLoopback(registryctl),
    REGISTRY_CREDENTIAL_USERNAME: account.name,
    REGISTRY_CREDENTIAL_PASSWORD: account.password,
    LOG_LEVEL: 'error',
  }
}
