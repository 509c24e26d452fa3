/**
 * How tidy the tree is: `node tools/tidy.ts` prints what each rule finds and may find, `node tools/tidy.ts lines` every
 * finding of the rules with that word in their name, `node tools/tidy.ts --write` lowers the numbers of the counts' file
 * to what there is. It never raises one: what rose is named, and the exit code is 1.
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
