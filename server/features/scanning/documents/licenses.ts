/** Licenses of the SPDX license list that most packages have; a text that names others is kept as a comment. */
const known = new Set(
  `0BSD AFL-2.1 AGPL-3.0-only AGPL-3.0-or-later Apache-1.1 Apache-2.0 Artistic-1.0 Artistic-2.0 BSD-2-Clause
  BSD-3-Clause BSD-4-Clause BSL-1.0 BlueOak-1.0.0 CC-BY-3.0 CC-BY-4.0 CC-BY-SA-4.0 CC0-1.0 CDDL-1.0 CDDL-1.1
  CPL-1.0 EPL-1.0 EPL-2.0 EUPL-1.2 FTL GPL-1.0-only GPL-1.0-or-later GPL-2.0-only GPL-2.0-or-later GPL-3.0-only
  GPL-3.0-or-later HPND ICU IJG ISC LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only
  LGPL-3.0-or-later Libpng MIT MIT-0 MPL-1.1 MPL-2.0 MS-PL NCSA OFL-1.1 OLDAP-2.8 OpenSSL PHP-3.01 PSF-2.0
  PostgreSQL Python-2.0 Ruby Sleepycat UPL-1.0 Unicode-3.0 Unicode-DFS-2016 Unlicense Vim W3C WTFPL ZPL-2.1 Zlib
  bzip2-1.0.6 curl`.split(/\s+/),
)

/** Whether a text is one license of the list. */
export const isLicense = (text: string): boolean => known.has(text)

/**
 * Whether a text is an expression of such licenses (SPDX 2.3, annex D), of one AND or OR at most: longer ones need
 * parentheses to say what belongs together.
 */
export function isExpression(text: string): boolean {
  const words = text.trim().split(' ')
  const [operators, licenses] = [
    words.filter((_, index) => index % 2 === 1),
    words.filter((_, index) => index % 2 === 0),
  ]
  return (
    licenses.every(isLicense) && (operators.every((one) => one === 'AND') || operators.every((one) => one === 'OR'))
  )
}
