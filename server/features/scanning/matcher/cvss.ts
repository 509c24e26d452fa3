import calculator from 'ae-cvss-calculator'

/** The score of a CVSS vector of any version (first.org/cvss), 0 to 10; undefined for what is none. */
export function scoreVector(vector: string): number | undefined {
  try {
    const read = vector.startsWith('CVSS:4.0/')
      ? new calculator.Cvss4P0(vector)
      : vector.startsWith('CVSS:3.1/')
        ? new calculator.Cvss3P1(vector)
        : vector.startsWith('CVSS:3.0/')
          ? new calculator.Cvss3P0(vector)
          : new calculator.Cvss2(vector)
    if (!read.isBaseFullyDefined()) return undefined
    const { base, overall } = read.calculateScores() as { base?: number; overall?: number }
    const score = base ?? overall
    return score !== undefined && score >= 0 && score <= 10 ? score : undefined
  } catch {
    return undefined
  }
}
