import { Failure } from '../../platform/http/failure.ts'

/** The resources that are cached: the first words of the keys that `keyOf` makes. A test compares them to the code. */
export const resources = [
  'accessory',
  'account',
  'artifact',
  'artifact_count',
  'artifact_list',
  'blob',
  'cache_mirrors',
  'cache_rules',
  'cve_allowlist',
  'default_scanner',
  'deprecated_label',
  'holders',
  'image_findings',
  'immutable_rules',
  'label',
  'manifest',
  'member_count',
  'project',
  'project_metadata',
  'project_scanner',
  'proxied_manifest',
  'proxied_tag',
  'repository',
  'repository_count',
  'rights',
  'robot',
  'robot_rights',
  'saying',
  'session',
  'settings',
  'signers',
  'tag',
  'token',
  'token_rights',
  'vulnerability_report',
  'webhook_policies',
  'workload_rights',
] as const

/** Throws BAD_REQUEST with the known resources: else a flush of a misspelt resource would seem to have worked. */
export function checkResource(resource: string): void {
  if (!(resources as readonly string[]).includes(resource))
    throw new Failure(
      'BAD_REQUEST',
      `no resource ${JSON.stringify(resource)} is cached; known: ${resources.join(', ')}`,
    )
}
