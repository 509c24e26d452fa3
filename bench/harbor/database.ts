import { chownSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { output, type Program, type Scratch } from '../scratch.ts'

/** Debian's PostgreSQL with the connections that Harbor's image allows. It listens on loopback and trusts everybody. */
export async function startDatabase(scratch: Scratch, port: number): Promise<Program> {
  const bin = (await output('pg_config', ['--bindir'])).trim()
  const cluster = scratch.path('harbor/postgres')
  mkdirSync(cluster, { recursive: true })
  const as = await becomePostgres(cluster)
  const [file, ...words] = [...as, path.join(bin, 'initdb')]
  await output(file, [...words, '-D', cluster, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C'])
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=1024']
  return scratch.start(
    [...as, path.join(bin, 'postgres'), '-D', cluster, '-p', String(port), ...settings.flatMap((one) => ['-c', one])],
    { port, isReady: () => isReady(bin, port) },
  )
}

/** PostgreSQL refuses to run as root: there, the words that start a program as the user of Debian's package. */
async function becomePostgres(cluster: string): Promise<string[]> {
  if (process.getuid?.() !== 0) return []
  const [uid, gid] = [Number(await output('id', ['-u', 'postgres'])), Number(await output('id', ['-g', 'postgres']))]
  chownSync(cluster, uid, gid)
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
}

async function isReady(bin: string, port: number): Promise<boolean> {
  return output(path.join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)]).then(
    () => true,
    () => false,
  )
}
