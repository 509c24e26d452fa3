/** What a robot is for. `custom`: rights chosen one by one. */
export const purposes = ['push', 'pull', 'scan', 'custom'] as const
export type Purpose = (typeof purposes)[number]

/** Rights as `resource:action`. */
export type Rights = readonly string[]

export const presets: Record<Exclude<Purpose, 'custom'>, Rights> = {
  push: ['repository:pull', 'repository:push', 'artifact:read', 'tag:list'],
  pull: ['repository:pull'],
  scan: [
    'repository:list',
    'repository:pull',
    'artifact:list',
    'artifact:read',
    'tag:list',
    'scan:create',
    'scan:read',
    'sbom:create',
    'sbom:read',
    'artifact-addition:read',
  ],
}

/** What most members of a project have, to choose from where no project is chosen yet. */
export const ofMembers: Rights = [
  ...new Set([...presets.push, ...presets.scan]),
  'tag:create',
  'tag:delete',
  'log:list',
]

/** The purpose that has exactly these rights. */
export function purposeOf(rights: Rights): Purpose {
  const known = purposes.find(
    (one) =>
      one !== 'custom' &&
      presets[one].length === rights.length &&
      presets[one].every((right) => rights.includes(right)),
  )
  return known ?? 'custom'
}

export type Block = { kind: string; namespace: string; access: { resource: string; action: string }[] }

/** A robot's rights as they are edited: in which projects (`*`: in all), and on the system. */
export type Draft = { places: readonly string[]; rights: Rights; systemRights: Rights }

/** Reads the blocks of a robot. Blocks that differ between projects are not one draft: undefined. */
export function draftOf(blocks: readonly Block[]): Draft | undefined {
  const textOf = ({ access }: Block) => access.map(({ resource, action }) => `${resource}:${action}`)
  const inProjects = blocks.filter(({ kind }) => kind === 'project')
  const rights = inProjects[0] ? textOf(inProjects[0]) : []
  const isSame = inProjects.every((one) => [...textOf(one)].sort().join() === [...rights].sort().join())
  if (!isSame) return undefined
  return {
    places: inProjects.map(({ namespace }) => namespace),
    rights,
    systemRights: blocks.filter(({ kind }) => kind === 'system').flatMap(textOf),
  }
}

/** The blocks of a draft, as the API takes them. */
export function blocksOf({ places, rights, systemRights }: Draft): Block[] {
  const access = (texts: Rights) =>
    texts.map((text) => ({ resource: text.slice(0, text.indexOf(':')), action: text.slice(text.indexOf(':') + 1) }))
  return [
    ...(rights.length === 0 ? [] : places.map((namespace) => ({ kind: 'project', namespace, access: access(rights) }))),
    ...(systemRights.length === 0 ? [] : [{ kind: 'system', namespace: '/', access: access(systemRights) }]),
  ]
}

/** `ci` of `robot$team+ci`: what its makers called it. */
export const shortName = (name: string): string => name.replace(/^[^$+]*\$/, '').replace(/^[^+]*\+/, '')
