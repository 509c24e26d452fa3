/** Names no project may take: reserved for what Marina keeps for itself (S0-12). */
const reserved = ['sys_harbor_ns', 'sys_harb0r']
const nameForm = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/

/** Why a project may not have this name, or undefined. Harbor's rule. */
export function projectNameProblem(name: string): string | undefined {
  if (name.length > 255 || !nameForm.test(name)) return 'a project name is lower-case letters and digits, with single . _ - between them, at most 255 characters'
  if (reserved.includes(name)) return `the project name ${name} is reserved`
  return undefined
}
