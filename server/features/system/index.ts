import { feature } from '../../platform/feature.ts'
import type { SettingsReader } from '../settings/index.ts'
import type { Component } from '../../platform/observe/health.ts'
import { healthRoutes, type Elsewhere } from './health.ts'
import { infoRoutes, type About } from './info.ts'

type Lent = {
  settings: SettingsReader
  components(): Component[]
  isDraining(): boolean
  elsewhere?: Elsewhere
  about: About
}

/** Health, version and other facts about this installation that clients ask for. */
export const system = ({ settings, components, isDraining, elsewhere, about }: Lent) =>
  feature({
    name: 'system',
    routes: [...healthRoutes(components, isDraining, elsewhere), ...infoRoutes(settings, about)],
  })
