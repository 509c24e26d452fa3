import { Failure } from '../../platform/http/failure.ts'

/** What facts are kept of: the first word of every key that `keyOf` makes; a test holds the list to the code. */
export const resources = [
  'accessory',
  'account',
  'artifact',
  'artifact_count',
  'artifact_list',
  'blob',
  'cve_allowlist',
  'immutable_rules',
  'label',
  'manifest',
  'member_count',
  'project',
  'project_metadata',
  'repository',
  'repository_count',
  'rights',
  'robot',
  'robot_rights',
  'session',
  'settings',
  'tag',
  'webhook_policies',
] as const

/** Throws BAD_REQUEST with the words there are: a flush of a misspelt resource would else seem to have worked. */
export function checkResource(resource: string): void {
  if (!(resources as readonly string[]).includes(resource))
    throw new Failure(
      'BAD_REQUEST',
      `nothing is kept under ${JSON.stringify(resource)}; known: ${resources.join(', ')}`,
    )
}
