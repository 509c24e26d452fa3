import { feature } from '../../platform/feature.ts'
import type { SettingsReader } from '../settings/index.ts'
import { healthRoutes, type Component } from './health.ts'
import { infoRoutes, type About } from './info.ts'

export type { Component } from './health.ts'

type Lent = { settings: SettingsReader; components: Component[]; isDraining(): boolean; about: About }

/** Health, version and other facts about this installation that clients ask for. */
export const system = ({ settings, components, isDraining, about }: Lent) =>
  feature({ name: 'system', routes: [...healthRoutes(components, isDraining), ...infoRoutes(settings, about)] })
