import { dragonfly } from './dragonfly.ts'
import { kraken } from './kraken.ts'
import type { Provider } from './provider.ts'

/** All kinds of services, in Harbor's order. */
export const providers: readonly Provider[] = [dragonfly, kraken]

export const findProvider = (id: string): Provider | undefined => providers.find((one) => one.id === id)

/** Throws Error for a kind that an instance cannot have. */
export function getProvider(id: string): Provider {
  const found = findProvider(id)
  if (!found) throw new Error(`there is no preheat provider ${id}`)
  return found
}
