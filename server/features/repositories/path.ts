/** The shapes that a path may have after `artifacts`: `:` for a segment with any value, words as they are. */
const tails: Record<string, true> = {
  '': true,
  ':': true,
  ':/tags': true,
  ':/tags/:': true,
  ':/accessories': true,
  ':/additions/:': true,
  ':/labels': true,
  ':/labels/:': true,
  ':/retention': true,
  ':/documents/:': true,
  ':/scan': true,
  ':/scan/:': true,
  ':/scan/:/log': true,
  ':/sbom': true,
  ':/signatures': true,
  ':/compare': true,
  ':/graph': true,
  ':/places': true,
  ':/packages': true,
  ':/packages/:': true,
  ':/vulnerabilities': true,
}

/**
 * Harbor's clients write a repository's name raw (`a/b`), encoded once (`a%2Fb`) or twice (`a%252Fb`). This encodes it
 * as one segment, so that routes match. Where a raw name has a segment `artifacts` itself, the last one after which the
 * path is one of the API counts; for another reading the client has to encode the name.
 */
export function encodeRepositoryName(target: string): string {
  const [, head, rest, query = ''] =
    /^(\/api\/v2\.0\/projects\/[^/?]+\/repositories\/)([^?]+)(\?.*)?$/.exec(target) ?? []
  if (head === undefined || rest === undefined) return target
  const segments = rest.split('/')
  const at = segments.findLastIndex(
    (segment, index) => index > 0 && segment === 'artifacts' && shapeOf(segments.slice(index + 1)) in tails,
  )
  const name = (at < 0 ? segments : segments.slice(0, at)).join('/')
  const tail = at < 0 ? '' : `/${segments.slice(at).join('/')}`
  return `${head}${encodeURIComponent(decodeTwice(name))}${tail}${query}`
}

function shapeOf(segments: string[]): string {
  return segments.map((segment, index) => (index % 2 === 0 ? ':' : segment)).join('/')
}

/** No name contains a percent sign, so that decoding twice is safe. A text that cannot be decoded is left as it is. */
function decodeTwice(text: string): string {
  try {
    const once = decodeURIComponent(text)
    return once.includes('%') ? decodeURIComponent(once) : once
  } catch {
    return text
  }
}
