import { feature } from '../../platform/feature.ts'
import { openGround, type Lent } from './ground.ts'
import { instanceRoutes } from './instances/routes.ts'
import { measurePreheat } from './measure.ts'
import { policyRoutes } from './policies/routes.ts'
import { planHandler } from './runs/plan.ts'
import { noteImages } from './runs/react.ts'
import { runRoutes } from './runs/routes.ts'
import { imageHandler } from './runs/task.ts'
import { facts } from './topics.ts'

export { issuesPreheatCredentials } from './credentials.ts'

/** Preheating: services such as Dragonfly fetch images before machines ask for them, by the policies of projects. */
export const preheat = (lent: Lent, ground = openGround(lent)) =>
  feature({
    name: 'preheat',
    topics: facts,
    routes: [...instanceRoutes(ground), ...policyRoutes(ground), ...runRoutes(ground)],
    reactions: [noteImages(ground)],
    jobs: [planHandler(ground), imageHandler(ground)],
    measure: (metrics) => measurePreheat(metrics, lent.db),
  })
