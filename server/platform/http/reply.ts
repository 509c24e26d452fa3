import type { Readable } from 'node:stream'
import type { ReadyJson } from './ready.ts'

/**
 * An answer with a status or headers of its own: a handler returns it where the operation's status and JSON are not
 * enough.
 */
export class Reply<Body = unknown> {
  readonly body: Body
  readonly headers: Readonly<Record<string, string>>
  /** In place of the operation's own status. */
  readonly status: number | undefined
  /** The part of Location that follows the path of the request; `../` in it leaves out a segment of that path. */
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

/** The answer 201, whose Location says where the new resource is. */
export class Created<Body = undefined> extends Reply<Body> {
  /** Distinguishes the type from that of any Reply. */
  readonly isCreated = true
}

/**
 * A resource was created: Location is the path of the request plus the id (Harbor's way, on which its clients rely). It
 * takes a body where the operation has an answer. Where the resource is elsewhere, `id` is relative to the path:
 * `../7`, `executions/7`.
 */
export function created(id: number | string): Created
export function created<Body>(id: number | string, body: Body): Created<Body>
export function created<Body>(id: number | string, body?: Body): Created<Body | undefined> {
  return new Created(body, { at: String(id) })
}

/** Bytes or text with a media type; a stream is sent as it is read. */
export class Content extends Reply<string | Buffer | Readable> {
  /** Distinguishes the type from that of any Reply. */
  readonly isContent = true
}

export const content = (
  type: string,
  body: string | Buffer | Readable,
  headers: Record<string, string> = {},
): Content => new Content(body, { headers: { 'content-type': type, ...headers } })

/** One page of a list and how many entries the whole list has. */
export type Page<Row> = {
  /** ReadyJson: of their array. */
  rows: Row[] | ReadyJson
  total: number
  /**
   * The parameters of the links, for lists whose Link header has cursors (keyset.ts). Other lists have page numbers
   * only.
   */
  turns?: {
    page: number
    pageSize: number
    next?: Record<string, string | number>
    prev?: Record<string, string | number>
  }
}
