/** A version by Semantic Versioning 2.0.0. The build metadata has no rank (section 10) and is left out. */
export type Version = { major: number; minor: number; patch: number; pre: string[] }

const form = /^v?(\d{1,15})\.(\d{1,15})\.(\d{1,15})(?:-([0-9A-Za-z.-]+))?(?:[+_][0-9A-Za-z.-]+)?$/

/** Reads a tag such as `1.4.2` or `v1.4.2-rc.1`; undefined for any other text. */
export function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch, pre] = form.exec(text) ?? []
  if (major === undefined) return undefined
  const parts = pre === undefined ? [] : pre.split('.')
  if (parts.includes('')) return undefined
  return { major: Number(major), minor: Number(minor), patch: Number(patch), pre: parts }
}

/** Less than 0 when `a` precedes `b` (Semantic Versioning 2.0.0, section 11). */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch || comparePre(a.pre, b.pre)
}

/** A version without a pre-release follows all of its pre-releases; numbers come before words. */
function comparePre(a: string[], b: string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length
  for (const [index, one] of a.entries()) {
    const other = b[index]
    if (other === undefined) return 1
    const [isNumber, isOther] = [/^\d+$/.test(one), /^\d+$/.test(other)]
    if (isNumber !== isOther) return isNumber ? -1 : 1
    const difference = isNumber ? Number(one) - Number(other) : Number(one > other) - Number(one < other)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
