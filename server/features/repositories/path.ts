/** What may follow `artifacts` below a repository: number of segments → the words at fixed places. */
const tails: Record<string, true> = {
  '': true,
  ':': true,
  ':/tags': true,
  ':/tags/:': true,
  ':/accessories': true,
  ':/additions/:': true,
  ':/labels': true,
  ':/labels/:': true,
}

/**
 * Harbor's clients write a repository's name raw (`a/b`), encoded once (`a%2Fb`) or twice (`a%252Fb`). All of them become one
 * encoded segment, so that the rows' paths match. Where a raw name holds the word `artifacts` itself, the last place that
 * makes a path of the API counts; who means another encodes the name.
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

/** A name holds no percent sign of its own, so decoding until nothing changes is safe; text that cannot be decoded stays. */
function decodeTwice(text: string): string {
  try {
    const once = decodeURIComponent(text)
    return once.includes('%') ? decodeURIComponent(once) : once
  } catch {
    return text
  }
}
