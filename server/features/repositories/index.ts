import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { joinTotals } from '../../catalog/repository.ts'
import { feature } from '../../platform/feature.ts'
import type { Gates } from '../../registry/gate.ts'
import { repositoryRoutes } from './routes.ts'
import { facts } from './topics.ts'

export { deleteRepository } from './actions.ts'
export { getRepositoryOf } from './find.ts'
export { encodeRepositoryName } from './path.ts'
export { whereListing } from './routes.ts'

type Lent = { reader: Reader & { db: Db }; gates: Gates; cachesLists: boolean }

export const repositories = ({ reader, gates, cachesLists }: Lent) =>
  feature({
    name: 'repositories',
    topics: facts,
    routes: repositoryRoutes(reader, gates, cachesLists),
    sweeps: [
      { trouble: 'numbers of repositories not joined', everyMs: 60_000, run: () => joinTotals(reader.db.relaxed) },
    ],
  })
