import { spawnSync } from 'node:child_process'
import { chown, lchown, readFile, readdir, realpath, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import path from 'node:path'

/**
 * The user that PostgreSQL runs as, which refuses to run as root and whose initdb refuses a user without a name:
 * - self: Marina's own user.
 * - namespace: in a user namespace, where Marina's user has another number. To the kernel it is still the same user, so
 *   the files stay Marina's, and a folder that only Marina may enter will do.
 * - user: another user of the machine, who must own the files and be able to enter the folders above them.
 */
export type RunAs = { kind: 'self' } | { kind: 'namespace'; user: User } | { kind: 'user'; user: User }

type User = { name: string; uid: number; gid: number }

type Command = { file: string; args: string[]; ids: { uid?: number; gid?: number } }

export async function chooseUser(): Promise<RunAs> {
  if (process.getuid === undefined || (process.getuid() !== 0 && hasName())) return { kind: 'self' }
  const users = await listUsers()
  const nobody = users.find(({ name }) => name === 'nobody') ?? users[0]
  if (nobody !== undefined && canUnshare(nobody)) return { kind: 'namespace', user: nobody }
  const standIn = users.find(({ name }) => name === 'postgres') ?? nobody
  if (process.getuid() === 0 && standIn !== undefined) return { kind: 'user', user: standIn }
  throw new Error(
    'PostgreSQL runs neither as root nor as a user without a name, and this machine offers no other: ' +
      'start Marina as a named user, or set MARINA_DATABASE_URL to a PostgreSQL of your own',
  )
}

export function commandFor(runAs: RunAs, file: string, args: string[]): Command {
  if (runAs.kind === 'namespace') return { file: 'unshare', args: [...unshareArgs(runAs.user), file, ...args], ids: {} }
  return { file, args, ids: runAs.kind === 'user' ? { uid: runAs.user.uid, gid: runAs.user.gid } : {} }
}

/**
 * Makes the user that PostgreSQL runs as the owner of a folder and all in it. Quick when it owns the folder already.
 */
export async function handOver(dir: string, runAs: RunAs): Promise<void> {
  const owner = ownerFor(runAs)
  if (owner === undefined || (await stat(dir)).uid === owner.uid) return
  if (process.getuid?.() !== 0)
    throw new Error(`${dir} belongs to another user: start Marina as that user, or give it the folder`)
  await chownAll(dir, owner)
}

/** Throws when the user that stands in for root may not enter the folders above `target`. */
export async function checkReach(target: string, runAs: RunAs): Promise<void> {
  if (runAs.kind !== 'user') return
  const closed = await findClosed(await realpath(path.dirname(target)), runAs.user)
  if (closed === undefined) return
  throw new Error(
    'PostgreSQL does not run as root, and ' +
      `${runAs.user.name}, who stands in, may not enter ${closed} on the way to ${target}: ` +
      `move Marina or its data elsewhere, set MARINA_DATA_DIR to a folder that ${runAs.user.name} can enter, ` +
      'or set MARINA_DATABASE_URL to a PostgreSQL of your own',
  )
}

function ownerFor(runAs: RunAs): { uid: number; gid: number } | undefined {
  if (runAs.kind === 'user') return runAs.user
  const uid = process.getuid?.()
  const gid = process.getgid?.()
  return uid === undefined || gid === undefined ? undefined : { uid, gid }
}

/** Changes the folder itself last: its owner tells whether everything in it was changed. */
async function chownAll(dir: string, { uid, gid }: { uid: number; gid: number }): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const child = path.join(dir, entry.name)
    if (entry.isDirectory()) await chownAll(child, { uid, gid })
    else await lchown(child, uid, gid)
  }
  await chown(dir, uid, gid)
}

async function findClosed(dir: string, user: User): Promise<string | undefined> {
  const parent = path.dirname(dir)
  const above = parent === dir ? undefined : await findClosed(parent, user)
  return above ?? ((await mayEnter(dir, user)) ? undefined : dir)
}

async function mayEnter(dir: string, user: User): Promise<boolean> {
  const { mode, uid, gid } = await stat(dir)
  const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
  return (mode & bit) !== 0
}

function canUnshare(user: User): boolean {
  return (
    process.platform === 'linux' &&
    spawnSync('unshare', [...unshareArgs(user), 'true'], { stdio: 'ignore' }).status === 0
  )
}

function unshareArgs({ uid, gid }: User): string[] {
  return ['--user', `--map-user=${uid}`, `--map-group=${gid}`, '--']
}

function hasName(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

/** All users of the machine except root. */
async function listUsers(): Promise<User[]> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '')
  return passwd
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name: name ?? '', uid: Number(uid), gid: Number(gid) }))
    .filter(({ name, uid, gid }) => name !== '' && uid > 0 && gid > 0)
}
