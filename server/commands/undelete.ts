import type { Project } from '../catalog/project.ts'
import type { Ground } from '../app/ground.ts'
import { ConfigError } from '../config/config.ts'
import type { Trash } from '../features/undelete/index.ts'
import type { Command, CommandGroup } from './command.ts'
import { withGround } from './ground.ts'
import { print } from './terminal.ts'

/** The most entries that are shown. */
const shown = 1000

const list: Command<{ project: string }> = {
  name: 'list',
  about: 'what can be restored in a project, newest first',
  arguments: [{ name: 'project' }],
  run: async ({ project: name }, call) => {
    const [{ listTrash, trashOrder }, { findProject }, { sql }] = await Promise.all([
      import('../features/undelete/index.ts'),
      import('../catalog/project.ts'),
      import('../platform/db/sql.ts'),
    ])
    await withGround(call, async ({ db, cache, config }) => {
      const project = await findProject({ db, cache }, name)
      if (!project) throw new ConfigError(`there is no project ${name}`)
      const page = { where: sql`true`, order: trashOrder, limit: shown, offset: 0 }
      const { rows: entries, total } = await listTrash(db, project.id, config.collection.undeleteMs, page)
      for (const entry of entries) print(lineOf(entry))
      print(`${total} can be restored${total > entries.length ? `; the newest ${entries.length} are shown` : ''}`)
    })
  },
}

const restore: Command<{ id: string }> = {
  name: 'restore',
  about: 'take one deletion back',
  arguments: [{ name: 'id', about: 'as undelete list shows it' }],
  run: async ({ id: text }, call) => {
    const [{ findTrash }, { findProjectById }] = await Promise.all([
      import('../features/undelete/index.ts'),
      import('../catalog/project.ts'),
    ])
    await withGround(call, async (ground) => {
      const {
        db,
        config: { collection },
      } = ground
      const entry = /^\d{1,15}$/.test(text) ? await findTrash(db, Number(text), collection.undeleteMs) : undefined
      const project = entry && (await findProjectById(db, entry.projectId))
      if (!entry || !project) throw new ConfigError(`there is nothing to restore under ${text}`)
      const { kind, repository, tags } = await restoreEntry(ground, project, entry.id)
      print(`restored the ${kind} in ${repository}${tags.length > 0 ? ` with ${tags.join(', ')}` : ''}`)
    })
  },
}

export const undelete: CommandGroup = {
  name: 'undelete',
  about: 'take deletions of tags, artifacts and repositories back',
  commands: [list, restore],
}

function lineOf({ id, kind, repository, tag, digest, tags, deletedBy, deletedAt }: Trash): string {
  const name = `${repository}${tag ? `:${tag}` : digest ? `@${digest}` : ''}`
  const when = `deleted ${deletedAt.toISOString()} by ${deletedBy.name}`
  return [String(id).padEnd(8), kind.padEnd(10), name, tags.slice(0, 5).join(','), when].filter(Boolean).join('  ')
}

/** Restores through the push gates and within the project's quota, as the REST API does. */
async function restoreEntry({ db, cache, config }: Ground, project: Project, id: number): Promise<Trash> {
  const [{ restoreTrash }, { tagStaysPut }, { shortageOf, tellShortage }] = await Promise.all([
    import('../features/undelete/index.ts'),
    import('../features/immutability/index.ts'),
    import('../features/quotas/index.ts'),
  ])
  const by = { kind: 'system', id: null, name: 'marina undelete' } as const
  const gates = { push: [tagStaysPut({ cache })] }
  try {
    return await restoreTrash(db, gates, by, project, id, config.collection.undeleteMs)
  } catch (error) {
    await tellShortage(db, error, by)
    throw shortageOf(error) ?? error
  }
}
