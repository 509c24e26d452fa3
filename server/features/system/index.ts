import type { Queryable } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { SettingsReader } from '../settings/index.ts'
import type { Component } from '../../platform/observe/health.ts'
import { healthRoutes, type Elsewhere } from './health.ts'
import { infoRoutes, type About } from './info.ts'
import { storageCheckRoutes } from './storage-check.ts'

export { saveStorageCheck } from './storage-check.ts'

type Lent = {
  db: Queryable
  settings: SettingsReader
  components(): Component[]
  isDraining(): boolean
  elsewhere?: Elsewhere
  about: About
}

/** Health, version and other facts about this installation that clients ask for. */
export const system = ({ db, settings, components, isDraining, elsewhere, about }: Lent) =>
  feature({
    name: 'system',
    routes: [
      ...healthRoutes(components, isDraining, elsewhere),
      ...infoRoutes(settings, about),
      ...storageCheckRoutes(db),
    ],
  })
