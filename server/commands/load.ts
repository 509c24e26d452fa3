import { findFile, mergeConfig, type LoadedConfig } from '../config/env.ts'

/** Loads the settings of the file that was given or found, and of the environment. The YAML parser only for a file. */
export async function loadFor(given?: string): Promise<LoadedConfig> {
  const path = findFile(process.env, given)
  if (path === undefined) return mergeConfig(process.env)
  const { readSettings } = await import('../config/file.ts')
  return mergeConfig(process.env, { path, written: readSettings(path) })
}
