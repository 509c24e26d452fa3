import { isRepositoryName, type RepositoryName } from '../../../oci/reference.ts'
import { remoteName } from '../../registry/remote/remote.ts'
import type { Naming } from './policy.ts'

/** The name of a target repository cannot be made; the message names the source and says why. */
export class BadName extends Error {
  override name = 'BadName'
}

const templateLimits = { length: 256, patternLength: 256, repeats: 3, choices: 8, groups: 9 }

const place = /\{\{([^{}]*)\}\}/g
const parts: Record<string, (name: string) => string> = {
  repository: (name) => name,
  project: (name) => name.split('/')[0]!,
  path: (name) => name.slice(name.indexOf('/') + 1),
  name: (name) => name.slice(name.lastIndexOf('/') + 1),
}

/** Why a template, or the pattern beside it, cannot be used; undefined when it can. */
export function namingProblem({ template, pattern }: Pick<Naming, 'template' | 'pattern'>): string | undefined {
  if (template.length > templateLimits.length)
    return `dest_template must have at most ${templateLimits.length} characters`
  const wrongPattern = patternProblem(pattern)
  if (wrongPattern) return `dest_pattern ${wrongPattern}`
  if (pattern !== '' && template === '')
    return 'dest_pattern needs a dest_template that says what to make of its groups'
  const groups = pattern === '' ? 0 : groupsIn(pattern)
  for (const [, inner = ''] of template.matchAll(place)) {
    const name = inner.trim()
    const isGroup = /^[1-9]$/.test(name) && Number(name) <= groups
    if (!isGroup && !Object.hasOwn(parts, name)) {
      const known = [...Object.keys(parts), ...(groups > 0 ? [`1 to ${groups}`] : [])].join(', ')
      return `dest_template holds {{${name.slice(0, 60)}}}; known are ${known}`
    }
  }
  const fixed = template.replace(place, 'x')
  if (template !== '' && remoteNameOf(fixed) === undefined)
    return `dest_template makes names such as ${JSON.stringify(fixed)}, which no repository can have`
  return undefined
}

/**
 * Why a regular expression is refused. The engine tries alternatives one after the other, so what makes that grow
 * without bound is left out: repeats within repeated groups, references and looking around; and few repeats are allowed
 * (a name has at most 255 characters).
 */
function patternProblem(pattern: string): string | undefined {
  if (pattern === '') return undefined
  if (pattern.length > templateLimits.patternLength)
    return `must have at most ${templateLimits.patternLength} characters`
  if (/\\[1-9k]|\(\?(?!:)/.test(pattern))
    return 'must not hold references or groups that look around: only ( ) and (?: )'
  if (/\)[*+?{]/.test(pattern)) return 'must not repeat a group'
  const bare = pattern
    .replace(/\\./g, 'x')
    .replace(/\[[^\]]*\]/g, 'x')
    .replaceAll('(?:', '(')
  const count = (marks: RegExp) => (bare.match(marks) ?? []).length
  if (count(/[*+?{]/g) > templateLimits.repeats)
    return `must hold at most ${templateLimits.repeats} repeats (*, +, ? or {})`
  if (count(/\|/g) > templateLimits.choices) return `must hold at most ${templateLimits.choices} choices (|)`
  try {
    if (groupsIn(pattern) > templateLimits.groups) return `must hold at most ${templateLimits.groups} groups`
    return undefined
  } catch {
    return 'is no regular expression'
  }
}

const compile = (pattern: string) => new RegExp(`^(?:${pattern})$`)
const groupsIn = (pattern: string) => new RegExp(`${compile(pattern).source}|`).exec('')!.length - 1

/**
 * Makes the names of target repositories. `needsProject`: the target is Marina, whose names have a project. The
 * function throws BadName.
 */
export function openNaming(naming: Naming, needsProject: boolean): (source: string) => RepositoryName {
  const pattern = naming.pattern === '' ? undefined : compile(naming.pattern)
  return (source) => {
    const made = naming.template === '' ? flattened(naming, source) : filled(naming.template, pattern, source)
    const name = needsProject ? (isRepositoryName(made) ? made : undefined) : remoteNameOf(made)
    if (name !== undefined) return name
    const why =
      needsProject && remoteNameOf(made) !== undefined
        ? 'it has no project: set dest_namespace'
        : 'no repository can have this name'
    throw new BadName(`the repository ${source} would become ${JSON.stringify(made)}: ${why}`)
  }
}

/** S3-24: `replaceCount` components are replaced by the namespace; -1 replaces all but the last. */
function flattened({ namespace, replaceCount }: Naming, source: string): string {
  if (namespace === '') return source
  const all = source.split('/')
  const before = all.slice(0, -1)
  if (replaceCount > before.length)
    throw new BadName(
      `the source repository "${source}" contains only ${before.length} path components [${before.join(' ')}] ` +
        `excepting the last one, but the destination namespace flattening level is ${replaceCount}`,
    )
  // As in Harbor, any negative number flattens everything.
  const kept = replaceCount < 0 ? all.slice(-1) : all.slice(replaceCount)
  return [namespace, ...kept].join('/')
}

function filled(template: string, pattern: RegExp | undefined, source: string): string {
  const groups = pattern?.exec(source)
  if (groups === null) throw new BadName(`the repository ${source} does not match dest_pattern`)
  return template.replace(place, (_, inner: string) => {
    const name = inner.trim()
    return parts[name]?.(source) ?? groups?.[Number(name)] ?? ''
  })
}

function remoteNameOf(text: string): RepositoryName | undefined {
  try {
    return remoteName(text)
  } catch {
    return undefined
  }
}
