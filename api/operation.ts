import type { Static, TSchema } from 'typebox'

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * One operation of the REST API, written once: the server binds who may call it and what it does, the client calls it, and the
 * OpenAPI document describes it, all from this value. Paths are below /api/v2.0.
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
  /** Of an answer that is no failure. */
  status: number
  /** A second status for the same answer: health answers 503 where something is unwell. */
  otherStatus?: number
  /** Absent: no body. What is always sent is required in it. */
  answer?: TSchema
  /** The answer is one page of a list, with X-Total-Count and Link (RFC 8288). The query takes `page` and `page_size`. */
  page?: true
}

/** Writes an operation down with the types of its own schemas. */
export const operation = <const O extends Operation>(value: O): O => value

type Part<O, Key extends string> = O extends { [One in Key]: infer Schema extends TSchema } ? Static<Schema> : undefined

/** What the path's parameters, the query, the body and the answer of an operation hold. `undefined` where it has none. */
export type ParamsOf<O> = Part<O, 'params'>
export type QueryOf<O> = Part<O, 'query'>
export type BodyOf<O> = Part<O, 'body'>
export type AnswerOf<O> = Part<O, 'answer'>
