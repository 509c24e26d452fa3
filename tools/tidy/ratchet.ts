import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { findOddities, type Finding } from './rules.ts'

/** How many findings of a rule there may be. A rule that is not named here may have none. */
type Counts = Record<string, number>
type Found = ReadonlyMap<string, readonly Finding[]>

/** Where the counts are kept, from the root. */
const countsFile = 'tools/tidy-counts.json'

export function readCounts(root: string): Counts {
  return JSON.parse(readFileSync(path.join(root, countsFile), 'utf8')) as Counts
}

export function writeCounts(root: string, counts: Counts): void {
  writeFileSync(path.join(root, countsFile), `${JSON.stringify(counts, undefined, 2)}\n`)
}

/** The rules that find more than they may. */
export function findRisen(found: Found, counts: Counts): string[] {
  return [...found].filter(([rule, findings]) => findings.length > (counts[rule] ?? 0)).map(([rule]) => rule)
}

/** The counts with each number that fell. Never raises one, and never gives a rule a number that it has not. */
export function lowerCounts(found: Found, counts: Counts): Counts {
  const lowered = Object.entries(counts).map(([rule, count]) => [rule, Math.min(count, found.get(rule)?.length ?? 0)])
  return Object.fromEntries(lowered) as Counts
}

/** Says of a rule that finds too much: how much, and which files have more than when the counts were last written. */
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

/** As they were in the commit that last changed the counts. Those that git does not know there are left out. */
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
