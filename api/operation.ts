import type { Static, TSchema } from 'typebox'

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * One operation of the REST API, written once: from this value the server binds access and handler, the client calls
 * it, and the OpenAPI document describes it. Paths are below /api/v2.0.
 */
export type Operation = {
  /** Harbor's operationId, which its SDKs use as the method's name. */
  id: string
  tag: string
  method: Method
  /** With `{name}` for parameters, as in the OpenAPI document. */
  path: string
  summary: string
  params?: TSchema
  query?: TSchema
  body?: TSchema
  /** Headers that a client has to send, by their names, each with its one value. */
  headers?: Readonly<Record<string, string>>
  /** The status of a successful answer. */
  status: number
  /** A second status for the same answer: health answers 503 when a component has failed. */
  otherStatus?: number
  /** The answer's body; absent when there is none. Fields that are always sent are required. */
  answer?: TSchema
  /** The answer is a page of a list, with X-Total-Count and Link (RFC 8288). The query takes `page` and `page_size`. */
  page?: true
}

/** Keeps the types of the operation's own schemas. */
export const operation = <const O extends Operation>(value: O): O => value

type Part<O, Key extends string> = O extends { [One in Key]: infer Schema extends TSchema } ? Static<Schema> : undefined

/** The types of an operation's path parameters, query, body and answer; `undefined` for what it does not have. */
export type ParamsOf<O> = Part<O, 'params'>
export type QueryOf<O> = Part<O, 'query'>
export type BodyOf<O> = Part<O, 'body'>
export type AnswerOf<O> = Part<O, 'answer'>
