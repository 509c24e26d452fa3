import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { findOddities, type Finding } from './rules.ts'

/** The findings that each rule may have. A rule that is not named here may have none. */
type Counts = Record<string, number>
type Found = ReadonlyMap<string, readonly Finding[]>

/** The file of the counts, relative to the root. */
const countsFile = 'tools/tidy-counts.json'

export function readCounts(root: string): Counts {
  return JSON.parse(readFileSync(path.join(root, countsFile), 'utf8')) as Counts
}

export function writeCounts(root: string, counts: Counts): void {
  writeFileSync(path.join(root, countsFile), `${JSON.stringify(counts, undefined, 2)}\n`)
}

/** The rules with more findings than they may have. */
export function findRisen(found: Found, counts: Counts): string[] {
  return [...found].filter(([rule, findings]) => findings.length > (counts[rule] ?? 0)).map(([rule]) => rule)
}

/** The counts, lowered to what was found. No number is raised, and no rule is added. */
export function lowerCounts(found: Found, counts: Counts): Counts {
  const lowered = Object.entries(counts).map(([rule, count]) => [rule, Math.min(count, found.get(rule)?.length ?? 0)])
  return Object.fromEntries(lowered) as Counts
}

/**
 * Describes a rule with too many findings, and names the files that have more than at the last commit of the counts.
 */
export function describeRise(root: string, rule: string, findings: readonly Finding[], allowed = 0): string {
  const before = readFilesAtLastCount(root, new Set(findings.map(({ file }) => file)))
  const beforeByFile = Map.groupBy(findOddities(before).get(rule) ?? [], ({ file }) => file)
  const byFile = Map.groupBy(findings, ({ file }) => file)
  const risen = [...byFile].filter(([file, ours]) => ours.length > (beforeByFile.get(file)?.length ?? 0))
  const told = risen.length > 0 ? risen : [...byFile]
  const lines = told.map(([file, ours]) => describeFile(file, ours, beforeByFile.get(file)))
  return [`${rule}: ${findings.length}, and ${allowed} are allowed`, ...lines].join('\n')
}

function describeFile(file: string, ours: readonly Finding[], before: readonly Finding[] = []): string {
  return `  ${file}: ${ours.length} instead of ${before.length}\n${ours.map(({ what }) => `    ${what}`).join('\n')}`
}

/** Files as they were in the commit that last changed the counts. Files unknown to that commit are left out. */
function readFilesAtLastCount(root: string, files: ReadonlySet<string>): ReadonlyMap<string, string> {
  const git = (...args: string[]) => {
    try {
      const options = { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 } as const
      return execFileSync('git', args, { ...options, stdio: ['ignore', 'pipe', 'ignore'] })
    } catch {
      return undefined
    }
  }
  const commit = git('log', '-1', '--format=%H', '--', countsFile)?.trim()
  if (!commit) return new Map()
  const texts = [...files].map((file) => [file, git('show', `${commit}:${file}`)] as const)
  return new Map(texts.filter((one): one is readonly [string, string] => one[1] !== undefined))
}
