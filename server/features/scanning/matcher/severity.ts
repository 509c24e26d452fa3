import { isObject, textIn } from '../inventory/bytes.ts'
import type { Severity } from '../reports/finding.ts'
import { scoreVector } from './cvss.ts'

type Scored = { score: number; vector: string }
export type Scores = { v2?: Scored; v3?: Scored; v4?: Scored }

/** Words that databases use, in the words of scanners. Those that judge nothing are missing. */
const words = new Map<string, Severity>([
  ['unimportant', 'Negligible'],
  ['negligible', 'Negligible'],
  ['low', 'Low'],
  ['moderate', 'Medium'],
  ['medium', 'Medium'],
  ['high', 'High'],
  ['important', 'High'],
  ['critical', 'Critical'],
])

/**
 * How bad a vulnerability is: what those who publish the packages or the record say of it, before what its CVSS vectors
 * give. `value`: an OSV record, or one of its affected packages. Undefined when nobody has said.
 */
export function severityOf(value: Record<string, unknown>, { v4, v3, v2 }: Scores): Severity | undefined {
  return wordIn(value) ?? ratingOf(v4 ?? v3) ?? rating2Of(v2)
}

function wordIn(value: Record<string, unknown>): Severity | undefined {
  const own = ['ecosystem_specific', 'database_specific'].flatMap((key) => (isObject(value[key]) ? [value[key]] : []))
  const said = own.flatMap((one) => [textIn(one['urgency']), textIn(one['severity'])])
  // Ubuntu's priority stands among the vectors.
  const listed = vectorsIn(value['severity']).flatMap(({ type, score }) => (type === 'Ubuntu' ? [score] : []))
  // `Important: kernel security update`: AlmaLinux and Rocky Linux.
  const [, ofTitle = ''] = /^(Critical|Important|Moderate|Low): /.exec(textIn(value['summary'])) ?? []
  for (const word of [...said, ...listed, ofTitle]) {
    const known = words.get(word.toLowerCase())
    if (known) return known
  }
  return undefined
}

/** The scores of CVSS vectors, by their versions; vectors that are none are left out. */
export function scoresOf(value: unknown): Scores {
  const scores: Scores = {}
  for (const { type, score: vector } of vectorsIn(value)) {
    const key = type === 'CVSS_V2' ? 'v2' : type === 'CVSS_V3' ? 'v3' : type === 'CVSS_V4' ? 'v4' : undefined
    const score = key && scoreVector(vector)
    if (key && score !== undefined) scores[key] ??= { score, vector }
  }
  return scores
}

const vectorsIn = (value: unknown): { type: string; score: string }[] =>
  (Array.isArray(value) ? value : [])
    .filter(isObject)
    .map(({ type, score }) => ({ type: textIn(type), score: textIn(score) }))

/** CVSS 3.1 section 5 and CVSS 4.0 section 6, "Qualitative Severity Rating Scale". */
function ratingOf(scored: Scored | undefined): Severity | undefined {
  if (!scored) return undefined
  const { score } = scored
  return score >= 9 ? 'Critical' : score >= 7 ? 'High' : score >= 4 ? 'Medium' : score > 0 ? 'Low' : 'Negligible'
}

/** CVSS 2 knows three words (nvd.nist.gov, "Vulnerability Metrics"). */
function rating2Of(scored: Scored | undefined): Severity | undefined {
  if (!scored) return undefined
  return scored.score >= 7 ? 'High' : scored.score >= 4 ? 'Medium' : 'Low'
}
