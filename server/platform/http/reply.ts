import type { Readable } from 'node:stream'

/** An answer with more to it than a body: what a handler returns where the operation's own status and JSON do not say it all. */
export class Reply<Body = unknown> {
  readonly body: Body
  readonly headers: Readonly<Record<string, string>>
  /** In place of the operation's own status. */
  readonly status: number | undefined
  /** Of Location what follows the path of the request as it came; `../` in it leaves out a segment of that path. */
  readonly at: string | undefined
  constructor(
    body: Body,
    { headers = {}, status, at }: { headers?: Record<string, string>; status?: number; at?: string } = {},
  ) {
    this.body = body
    this.headers = headers
    this.status = status
    this.at = at
  }
}

/** An answer that says where the new thing is. */
export class Created<Body = undefined> extends Reply<Body> {
  /** Tells the type of a Created from that of any Reply. */
  readonly isCreated = true
}

/**
 * Something was made: Location is the path of the request as it came, and the id (Harbor's way, on which its clients
 * rely). With a body where the operation has an answer. Where the new thing is elsewhere, `id` leads there from that path:
 * `../7`, `executions/7`.
 */
export function created(id: number | string): Created
export function created<Body>(id: number | string, body: Body): Created<Body>
export function created<Body>(id: number | string, body?: Body): Created<Body | undefined> {
  return new Created(body, { at: String(id) })
}

/** Bytes or text with a media type of their own; a stream is sent as it flows. */
export class Content extends Reply<string | Buffer | Readable> {
  /** Tells the type of a Content from that of any Reply. */
  readonly isContent = true
}

export const content = (
  type: string,
  body: string | Buffer | Readable,
  headers: Record<string, string> = {},
): Content => new Content(body, { headers: { 'content-type': type, ...headers } })

/** One page of a list and how many entries the whole list has. */
export type Page<Row> = {
  rows: Row[]
  total: number
  /** For lists whose Link header leads on by positions (keyset.ts): what a link says beside what was asked. Pages are counted otherwise. */
  turns?: {
    page: number
    pageSize: number
    next?: Record<string, string | number>
    prev?: Record<string, string | number>
  }
}
