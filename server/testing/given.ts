import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { digestOf, type Digest } from '../../oci/digest.ts'
import { ociIndex, ociManifest } from '../../oci/media-type.ts'
import type { Project } from '../catalog/project.ts'
import { findAccount, hashPassword, saveAccount, updateAccount } from '../features/accounts/index.ts'
import { dropMember, roles, saveMember } from '../features/access/index.ts'
import { createProject, deleteProject } from '../features/projects/index.ts'
import { checkStorage } from '../commands/fsck/check.ts'
import { blobPath } from '../catalog/blob.ts'
import { eventually, type Person } from './http.ts'
import type { TestMarina } from './server.ts'

type RoleName = keyof typeof roles
export type Pushed = {
  repository: string
  digest: Digest
  content: Buffer
  mediaType: string
  descriptor: { mediaType: string; digest: Digest; size: number }
}
export type PushedImage = Pushed & { config: Digest; layers: Digest[] }

let count = 0
/** A name that no other test uses. */
export const fresh = (stem: string) => `${stem}${process.pid.toString(36)}${(count++).toString(36)}`

const password = 'Testing12345'
let passwordHash: Promise<string> | undefined

export async function givenUser({ ground }: TestMarina, name = fresh('user'), isAdmin = false): Promise<Person> {
  const hash = await (passwordHash ??= hashPassword(password))
  const { id } = await ground.db.transaction((tx) => saveAccount(tx, { name, passwordHash: hash, isAdmin }))
  return { kind: 'user', id, name, password }
}

export function givenProject(
  { ground, admin }: TestMarina,
  { name = fresh('project'), isPublic = false } = {},
): Promise<Project> {
  return createProject(ground.db, admin, { name, isPublic })
}

/** A user with a role in a project, and in no other. */
export async function givenMember(
  marina: TestMarina,
  project: Project,
  role: RoleName,
  name?: string,
): Promise<Person> {
  const person = await givenUser(marina, name)
  await marina.ground.db.transaction((tx) => saveMember(tx, project.id, person.id, roles[role]))
  return person
}

export async function removeMember({ ground }: TestMarina, project: Project, person: Person): Promise<void> {
  await ground.db.transaction((tx) => dropMember(tx, project.id, person.id))
}

export async function changeUser(
  { ground }: TestMarina,
  { name }: Person,
  change: { password?: string; isDisabled?: boolean },
): Promise<void> {
  const account = await findAccount(ground, name)
  const { password: text, ...rest } = change
  await updateAccount(ground.db, account!, {
    ...rest,
    ...(text === undefined ? {} : { passwordHash: await hashPassword(text) }),
  })
}

export function removeProject({ ground, admin }: TestMarina, project: Project): Promise<void> {
  return deleteProject(ground.db, admin, project)
}

/** What storage and database disagree about, as fsck finds it: losses, litter, or both. */
export async function findDisagreements(
  { ground: { db, blobs } }: TestMarina,
  kinds: ('loss' | 'litter')[] = ['loss', 'litter'],
): Promise<string[]> {
  const { findings } = await checkStorage({ db, blobs, readsDigests: true })
  return findings.filter(({ kind }) => kinds.includes(kind)).map(({ what }) => what)
}

/** Projects A and B (private) and P (public); a user for each role of A, an administrator of B, one of the system. */
export async function givenCast(marina: TestMarina) {
  const [A, B, P] = [
    await givenProject(marina),
    await givenProject(marina),
    await givenProject(marina, { isPublic: true }),
  ]
  return {
    A,
    B,
    P,
    uaA: await givenMember(marina, A, 'projectAdmin'),
    maA: await givenMember(marina, A, 'maintainer'),
    deA: await givenMember(marina, A, 'developer'),
    guA: await givenMember(marina, A, 'guest'),
    laA: await givenMember(marina, A, 'limitedGuest'),
    uaB: await givenMember(marina, B, 'projectAdmin'),
    sys: await givenUser(marina, fresh('sys'), true),
    anon: undefined,
  }
}

type PushOptions = { as?: Person; tag?: string }

/** Pushes a blob whole, and waits for its file: that of a small one is written after the answer. */
export async function pushBlob(
  marina: TestMarina,
  repository: string,
  bytes: Uint8Array | string = randomBytes(64),
  { as = marina.admin }: PushOptions = {},
): Promise<Digest> {
  const digest = digestOf(Buffer.from(bytes as Uint8Array))
  const answer = await marina.ask('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { as, body: bytes })
  assert.equal(answer.status, 201, answer.text)
  await eventually(async () => assert.ok(await marina.ground.blobs.find(blobPath(digest)), `no file of ${digest}`))
  return digest
}

/** PUTs bytes as a manifest, by its tag or else its digest. */
export async function pushManifest(
  marina: TestMarina,
  repository: string,
  content: Buffer,
  mediaType: string,
  { as = marina.admin, tag }: PushOptions = {},
): Promise<Pushed> {
  const digest = digestOf(content)
  const answer = await marina.ask('PUT', `/v2/${repository}/manifests/${tag ?? digest}`, {
    as,
    body: content,
    headers: { 'content-type': mediaType },
  })
  assert.equal(answer.status, 201, answer.text)
  assert.equal(answer.headers['docker-content-digest'], digest)
  return { repository, digest, content, mediaType, descriptor: { mediaType, digest, size: content.length } }
}

/** A small image of random content, pushed whole. `more` goes into the manifest. */
export async function pushImage(
  marina: TestMarina,
  repository: string,
  { layers = 1, more = {}, ...options }: PushOptions & { layers?: number; more?: Record<string, unknown> } = {},
): Promise<PushedImage> {
  const image = makeImage(layers, more)
  for (const bytes of image.blobs) await pushBlob(marina, repository, bytes, options)
  const pushed = await pushManifest(marina, repository, image.content, ociManifest, options)
  const [config, ...rest] = image.blobs.map((bytes) => digestOf(bytes))
  return { ...pushed, config: config!, layers: rest }
}

export async function pushIndex(
  marina: TestMarina,
  repository: string,
  children: Pushed[],
  { more = {}, ...options }: PushOptions & { more?: Record<string, unknown> } = {},
): Promise<Pushed> {
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociIndex,
      manifests: children.map(({ descriptor }) => descriptor),
      ...more,
    }),
  )
  return pushManifest(marina, repository, content, ociIndex, options)
}

/** An artifact that says something about `subject`, which need not be there. */
export function pushReferrer(
  marina: TestMarina,
  repository: string,
  subject: Pick<Pushed, 'descriptor'>,
  { artifactType = 'application/vnd.test.note', ...options }: PushOptions & { artifactType?: string } = {},
): Promise<PushedImage> {
  return pushImage(marina, repository, {
    ...options,
    layers: 0,
    more: { artifactType, subject: subject.descriptor, annotations: { 'test.said': artifactType } },
  })
}

/** An image that was not pushed: its blobs, configuration first, and its manifest. */
export function makeImage(
  layers = 1,
  more: Record<string, unknown> = {},
): { blobs: Buffer[]; content: Buffer; digest: Digest } {
  const blobs = [
    Buffer.from(JSON.stringify({ made: randomBytes(8).toString('hex') })),
    ...Array.from({ length: layers }, () => randomBytes(200)),
  ]
  const [config, ...rest] = blobs.map((bytes, index) =>
    descriptorOf(
      bytes,
      index === 0 ? 'application/vnd.oci.image.config.v1+json' : 'application/vnd.oci.image.layer.v1.tar',
    ),
  )
  const content = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: ociManifest, config, layers: rest, ...more }),
  )
  return { blobs, content, digest: digestOf(content) }
}

export function descriptorOf(bytes: Uint8Array, mediaType = 'application/octet-stream') {
  return { mediaType, digest: digestOf(bytes), size: bytes.length }
}
