import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Attribute, Change, Client } from 'ldapts'
import type { Certificate } from './certificate.ts'
import { openTcpProxy, type TcpProxy } from './tcp-proxy.ts'

type Attributes = Record<string, string | string[]>

/** Debian's slapd on this machine, with the memberOf overlay, behind a port that tests can silence or cut. */
export type TestDirectory = AsyncDisposable & {
  port: number
  /** What lies between the port and slapd. */
  front: TcpProxy
  /** Harbor's settings for it. */
  items: ReturnType<typeof itemsOf>
  add(dn: string, attributes: Attributes): Promise<void>
  remove(dn: string): Promise<void>
  /** Makes an entry a member of a group, or ends that. */
  join(group: string, dn: string): Promise<void>
  leave(group: string, dn: string): Promise<void>
  rename(dn: string, to: string): Promise<void>
}

const base = 'dc=example,dc=com'
export const people = `ou=people,${base}`
export const groups = `ou=groups,${base}`
const admin = { dn: `cn=admin,${base}`, password: 'Directory12345' }
export const passwordOf = (uid: string) => `Pass-of-${uid}`

/** A person: inetOrgPerson needs cn and sn. */
export const person = (uid: string, more: Attributes = {}): Attributes => ({
  objectClass: ['inetOrgPerson'],
  uid,
  cn: `${uid} Person`,
  sn: 'Person',
  userPassword: passwordOf(uid),
  ...more,
})

const schemas = ['core', 'cosine', 'nis', 'inetorgperson']

export async function openTestDirectory(tls?: Certificate): Promise<TestDirectory> {
  await using opened = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'slapd-'))
  opened.defer(() => rm(dir, { recursive: true, force: true }))
  const socket = await startSlapd(dir, tls, opened)
  const front = opened.use(await openTcpProxy({ path: socket }))
  // Changes go past the port that tests silence or cut.
  const own = opened.use(await openTcpProxy({ path: socket }))
  const client = new Client({ url: `ldap://127.0.0.1:${own.port}` })
  opened.defer(() => client.unbind())
  await client.bind(admin.dn, admin.password)
  const change = (group: string, operation: 'add' | 'delete', dn: string) =>
    client.modify(group, new Change({ operation, modification: new Attribute({ type: 'member', values: [dn] }) }))
  const kept = opened.move()
  return {
    port: front.port,
    front,
    items: itemsOf(front.port),
    add: (dn, attributes) => client.add(dn, attributes),
    remove: (dn) => client.del(dn),
    join: (group, dn) => change(group, 'add', dn),
    leave: (group, dn) => change(group, 'delete', dn),
    rename: (dn, to) => client.modifyDN(dn, to),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** Starts slapd in the foreground and returns the socket at which it answers. */
async function startSlapd(dir: string, tls: Certificate | undefined, opened: AsyncDisposableStack): Promise<string> {
  const [file, data, socket] = [join(dir, 'slapd.conf'), join(dir, 'first.ldif'), join(dir, 'socket')]
  await mkdir(join(dir, 'db'))
  if (tls) {
    await writeFile(join(dir, 'cert.pem'), tls.cert)
    await writeFile(join(dir, 'key.pem'), tls.key, { mode: 0o600 })
  }
  await writeFile(file, configOf(dir, tls !== undefined))
  await writeFile(data, first)
  await promisify(execFile)('/usr/sbin/slapadd', ['-f', file, '-l', data])
  const url = `ldapi://${encodeURIComponent(socket)}/`
  const child = spawn('/usr/sbin/slapd', ['-d', '0', '-f', file, '-h', url], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.on('data', (part: Buffer) => (log += String(part)))
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  const exited = once(child, 'exit')
  opened.defer(async () => {
    process.removeListener('exit', kill)
    kill()
    await exited
  })
  while (!(await isListening(socket))) {
    if (child.exitCode !== null) throw new Error(`slapd did not start\n${log}`)
    await sleep(10)
  }
  return socket
}

/** The socket is there a moment before slapd listens at it. */
async function isListening(path: string): Promise<boolean> {
  const socket = connect({ path })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

const configOf = (dir: string, hasTls: boolean) =>
  [
    ...schemas.map((name) => `include /etc/ldap/schema/${name}.schema`),
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    'moduleload memberof',
    'sizelimit unlimited',
    // The local socket counts as encrypted, and slapd would refuse StartTLS on it.
    'localSSF 0',
    ...(hasTls ? [`TLSCertificateFile ${dir}/cert.pem`, `TLSCertificateKeyFile ${dir}/key.pem`] : []),
    'database mdb',
    'maxsize 268435456',
    `suffix "${base}"`,
    `rootdn "${admin.dn}"`,
    `rootpw ${admin.password}`,
    `directory ${dir}/db`,
    'dbnosync',
    'index objectClass,uid,cn,member eq',
    'overlay memberof',
    '',
  ].join('\n')

const first = [
  [`dn: ${base}`, 'objectClass: dcObject', 'objectClass: organization', 'o: Example', 'dc: example'],
  [`dn: ${people}`, 'objectClass: organizationalUnit', 'ou: people'],
  [`dn: ${groups}`, 'objectClass: organizationalUnit', 'ou: groups'],
]
  .map((lines) => `${lines.join('\n')}\n`)
  .join('\n')

const itemsOf = (port: number) => ({
  ldap_url: `ldap://127.0.0.1:${port}`,
  ldap_search_dn: admin.dn,
  ldap_search_password: admin.password,
  ldap_base_dn: people,
  ldap_uid: 'uid',
  ldap_filter: '(objectClass=inetOrgPerson)',
  ldap_group_base_dn: groups,
  ldap_group_attribute_name: 'cn',
  ldap_group_search_filter: '(objectClass=groupOfNames)',
})
