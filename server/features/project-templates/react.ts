import { findProjectById } from '../../catalog/project.ts'
import { compileSelection } from '../../catalog/selector.ts'
import { facts as nouns, type Actor } from '../../catalog/topics.ts'
import type { Tx } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import type { Reaction } from '../../platform/events/reaction.ts'
import { addMetadata } from '../projects/index.ts'
import { giveRetention } from '../retention/index.ts'
import { allTemplates, type Template } from './store.ts'
import { facts } from './topics.ts'

const marina: Actor = { kind: 'system', id: null, name: 'project templates' }

/** Gives each new project what the first template that chooses its name says, in the transaction of the reaction. */
export const applyTemplates: Reaction = {
  name: 'project-templates',
  topics: [nouns.projectCreated.topic],
  begins: 'now',
  async handle(tx, told) {
    const templates = await allTemplates(tx)
    for (const fact of told) {
      const made = nouns.projectCreated.read(fact)
      const template = made && templates.find((one) => chooses(one, made.name))
      // The project may be gone again by now.
      if (made && template && (await findProjectById(tx, made.projectId))) await apply(tx, template, made.projectId)
    }
  },
}

const chooses = ({ projects }: Template, name: string): boolean =>
  compileSelection({ repositories: projects, tags: [] }).takesRepository(name)

/** What the project has already stays as it is. */
async function apply(tx: Tx, { id, name, retention, metadata }: Template, projectId: number): Promise<void> {
  for (const [key, value] of Object.entries(metadata)) await addMetadata(tx, projectId, key, value)
  if (retention) await giveRetention(tx, marina, projectId, retention)
  await emit(tx, [facts.templateApplied({ templateId: id, name, projectId }, marina)])
}
