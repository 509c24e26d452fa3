import { compilePattern } from '../../../platform/doublestar.ts'
import { countStars, patternLimits, patternProblem } from '../../../catalog/selector.ts'
import { Failure } from '../../../platform/http/failure.ts'

/** What an export is narrowed to; an empty text or list narrows nothing. */
export type CveFilter = { repositories: string; cveIds: string; tags: string; labels: number[] }

type Takes = (text: string) => boolean
export type Takers = { repository: Takes; cve: Takes; tags(all: readonly string[]): boolean }

/** Throws BAD_REQUEST for a pattern that cannot be read. */
export function checkFilter({ repositories, cveIds, tags }: CveFilter): void {
  for (const [name, patterns] of Object.entries({
    repositories: [repositories],
    cveIds: partsOf(cveIds),
    tags: [tags],
  })) {
    const problem =
      countStars(patterns) > patternLimits.stars
        ? `must have at most ${patternLimits.stars} stars`
        : patterns.map(patternProblem).find((one) => one !== undefined)
    if (problem !== undefined) throw new Failure('BAD_REQUEST', `${name} ${problem}`)
  }
}

/** The filter as functions. Names of repositories are without their project, as Harbor compares them. */
export function takersOf({ repositories, cveIds, tags }: CveFilter): Takers {
  const repository = compilePattern(repositories)
  const cves = partsOf(cveIds).map(compilePattern)
  const tag = compilePattern(tags)
  return {
    repository: (name) => repository.matches(name),
    cve: (id) => cves.length === 0 || cves.some((one) => one.matches(id)),
    tags: (all) => tags === '' || all.some((one) => tag.matches(one)),
  }
}

/** Ids between commas, but not between those inside braces: `CVE-1,CVE-{2,3}`. */
function partsOf(text: string): string[] {
  const parts = text.match(/(?:\{[^{}]*\}|[^,{}]|[{}])+/g) ?? []
  return parts.map((one) => one.trim()).filter((one) => one !== '')
}
