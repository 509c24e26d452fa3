import { buildPortal } from '../../portal/build.ts'

/** Builds the portal if its sources have changed since the last build; Marina then serves it. */
export async function ensurePortal(): Promise<void> {
  await buildPortal()
}
