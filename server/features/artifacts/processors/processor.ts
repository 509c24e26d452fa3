import type { Manifest } from '../../../../oci/manifest.ts'
import type { Sources } from '../../../registry/describe.ts'

export type Attributes = Record<string, unknown>

/** Knows one kind of artifact: how to tell it, what to show of it, and what more can be asked of it. */
export type Processor = {
  /** Harbor's word. */
  type: string | ((manifest: Manifest) => string)
  isFor(manifest: Manifest): boolean
  /** What `extra_attrs` shows. May throw; then nothing is shown. */
  read(manifest: Manifest, sources: Sources): Promise<Attributes>
  additions: readonly Addition[]
}

export type Addition = 'build_history' | 'values.yaml' | 'readme.md' | 'dependencies' | 'sbom' | 'license' | 'files'

/** A config beyond this, in bytes, is not looked into. */
const configLimit = 1024 * 1024

/** The config as a JSON object; empty when there is none, or it is no object. */
export async function readConfig({ config }: Manifest, sources: Sources): Promise<Attributes> {
  const bytes = config && (await sources.blob(config, configLimit))
  const value: unknown = bytes ? JSON.parse(bytes.toString('utf8')) : {}
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Attributes) : {}
}
