import type { IncomingMessage } from 'node:http'

/** A body went over its limit. */
export class BodyTooLarge extends Error {
  override name = 'BodyTooLarge'
  readonly limit: number
  constructor(limit: number) {
    super(`the body is larger than the limit of ${limit} bytes`)
    this.limit = limit
  }
}

/** The client went away before its body was whole. */
export class BodyCut extends Error {
  override name = 'BodyCut'
}

/** Reads a body whole, at most `limit` bytes. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of limited(request, limit)) chunks.push(chunk)
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/**
 * The same bytes, ending with BodyTooLarge past `limit` bytes, by Content-Length before the first where it can, and with
 * BodyCut when the client goes away. Whoever stops reading leaves the connection open, so that the client can be answered.
 */
export async function* limited(request: IncomingMessage, limit: number): AsyncGenerator<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw new BodyTooLarge(limit)
  let size = 0
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > limit) throw new BodyTooLarge(limit)
      yield chunk
    }
  } catch (error) {
    if (error instanceof BodyTooLarge) throw error
    throw new BodyCut('the connection ended before the body did', { cause: error })
  }
  if (!request.complete) throw new BodyCut('the connection ended before the body did')
}
