/**
 * Counts what is untidy in the tree. `node tools/tidy.ts` prints the findings of each rule and how many are allowed,
 * `node tools/tidy.ts lines` also lists those of the rules with that word in their name, and `node tools/tidy.ts
 * --write` lowers the numbers in tidy-counts.json to the present ones. It never raises a number: a rule that rose is
 * printed, and the exit code is 1.
 */
import path from 'node:path'
import { describeRise, findRisen, lowerCounts, readCounts, writeCounts } from './tidy/ratchet.ts'
import { findOddities } from './tidy/rules.ts'
import { readTree } from './tidy/tree.ts'

const root = path.resolve(import.meta.dirname, '..')
process.exitCode = main(process.argv.slice(2))

function main(words: string[]): number {
  const counts = readCounts(root)
  const found = findOddities(readTree(root))
  const asked = words.filter((word) => word !== '--write')
  for (const [rule, findings] of found) {
    console.log(`${rule}: ${findings.length} of ${counts[rule] ?? 0}`)
    const isAsked = asked.some((word) => rule.includes(word))
    if (isAsked) for (const { file, what } of findings) console.log(`  ${file} ${what}`)
  }
  if (words.includes('--write')) writeCounts(root, lowerCounts(found, counts))
  const risen = findRisen(found, counts)
  for (const rule of risen) console.error(describeRise(root, rule, found.get(rule)!, counts[rule]))
  return risen.length === 0 ? 0 : 1
}
