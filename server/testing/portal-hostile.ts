import { ociManifest } from '../../oci/media-type.ts'
import { createProject } from '../features/projects/index.ts'
import { callApi, create } from './api.ts'
import { descriptorOf, givenUser, pushBlob, pushImage, pushManifest } from './given.ts'
import { expectAnswer } from './http.ts'
import type { TestMarina } from './server.ts'

/** As a name it would run a script where a page takes it for markup. */
export const markup = '<img src=x onerror=hacked()>'
/** Arabic letters run from right to left. */
export const rightToLeft = 'صورة الإنتاج'
/** Turns the text after it around, and is not visible itself: allowed in descriptions, not in names. */
export const turned = 'invoice\u202Efdp.exe'
export const longWord = 'w'.repeat(255)
/** Projects and repositories as long as names may be: 255 characters with the slash. */
export const longProject = 'p'.repeat(127)
export const longRepository = 'r'.repeat(127)
export const longTag = 'v'.repeat(128)
export const longRole = 'n'.repeat(64)

/**
 * Gives the project `team` of openPortalScene, and the system, names that look like markup, run from right to left or
 * are as long as they may be, wherever Marina takes free text.
 */
export async function givenHostileNames(marina: TestMarina): Promise<void> {
  const { admin } = marina
  const make = (path: string, body: unknown) => create(marina, path, admin, body)
  const teamId = (
    expectAnswer(await callApi(marina, 'GET', '/projects/team', { as: admin }), 200).json() as { project_id: number }
  ).project_id
  for (const name of [markup, rightToLeft, longWord]) {
    await givenUser(marina, name)
    await make('/projects/team/members', { role_id: 3, member_user: { username: name } })
    await make('/usergroups', { group_name: name, group_type: 3 })
    const label = { color: '#2f7d4f', description: `${markup} ${turned}` }
    await make('/labels', { ...label, name: name.slice(0, 128), scope: 'p', project_id: teamId })
    await make('/labels', { ...label, name: name.slice(0, 128), scope: 'g' })
    await make('/projects/team/webhook/policies', {
      name,
      description: `${markup} ${turned}`,
      enabled: true,
      event_types: ['QUOTA_EXCEED'],
      targets: [{ type: 'http', address: 'http://127.0.0.1:9/x' }],
    })
    await make('/replication/policies', {
      name,
      description: `${markup} ${turned}`,
      dest_registry: { id: 1 },
      dest_namespace: 'hostile',
      trigger: { type: 'manual' },
    })
  }
  await make('/robots', {
    name: 'hostile',
    level: 'project',
    duration: -1,
    description: `${markup} ${turned}`,
    permissions: [{ kind: 'project', namespace: 'team', access: [{ resource: 'repository', action: 'pull' }] }],
  })
  await givenHostileRights(marina)
  const banner = { banner_message: `${markup} ${rightToLeft}` }
  expectAnswer(await callApi(marina, 'PUT', '/configurations', { as: admin, body: banner }), 200)
  await createProject(marina.ground.db, admin, { name: longProject, isPublic: true })
  await pushImage(marina, `${longProject}/${longRepository}`, { tag: longTag })
  await pushHostileImage(marina)
}

/** Personal tokens, roles, trust rules and rules for tags. */
async function givenHostileRights(marina: TestMarina): Promise<void> {
  const make = async (path: string, body: unknown) =>
    expectAnswer(await callApi(marina, 'POST', path, { as: marina.admin, body }), 201)
  const description = `${markup} ${turned} ${longWord}`
  const access = [{ resource: 'repository', action: 'pull' }]
  for (const name of [markup, rightToLeft, longWord.slice(0, 64)]) {
    await make('/users/current/tokens', { name, duration: 5 })
    await make('/projects/team/tagprotectionrules', { name, tags: markup, actions: ['delete'], role_ids: [1] })
    const rule = {
      name,
      description,
      issuer: `https://issuer.example/${longWord}`,
      audience: longWord,
      claims: [
        { claim: markup.slice(0, 128), equals: description },
        { claim: rightToLeft, matches: `${longWord}${markup}*` },
      ],
      permissions: [{ kind: 'project', namespace: 'team', access }],
    }
    await make('/workloads', rule)
    await make('/projects/team/workloads', rule)
  }
  // The name of a role has letters, digits and spaces alone.
  const role = { name: longRole, description, permissions: access }
  await make('/roles', role)
  await make('/projects/team/roles', { ...role, name: `of team ${longRole.slice(8)}` })
}

/** An image whose config, history and annotations its author wrote, with a description of its repository. */
async function pushHostileImage(marina: TestMarina): Promise<void> {
  const layer = Buffer.from('hostile layer')
  const text = `${markup} ${turned} ${longWord}`
  const config = Buffer.from(
    JSON.stringify({
      architecture: markup,
      os: rightToLeft,
      author: text,
      config: { Labels: { [markup]: text, [longWord]: rightToLeft }, Env: [`A=${text}`], Cmd: [text] },
      history: [{ created: '2026-11-03T09:12:44Z', created_by: text, comment: text }],
      rootfs: { type: 'layers', diff_ids: [] },
    }),
  )
  for (const bytes of [layer, config]) await pushBlob(marina, 'team/hostile', bytes)
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifest,
      annotations: { [markup]: text },
      config: descriptorOf(config, 'application/vnd.oci.image.config.v1+json'),
      layers: [descriptorOf(layer, 'application/vnd.oci.image.layer.v1.tar')],
    }),
  )
  await pushManifest(marina, 'team/hostile', manifest, ociManifest, { tag: 'v1' })
  const description = [
    `# ${markup} ${rightToLeft}`,
    `<script>hacked()</script> ${markup}`,
    '[a link](javascript:hacked()) ![a picture](https://elsewhere.example/x.png)',
    longWord,
  ].join('\n\n')
  const path = '/projects/team/repositories/hostile'
  expectAnswer(await callApi(marina, 'PUT', path, { as: marina.admin, body: { description } }), 200)
}
