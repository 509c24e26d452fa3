import { OciError } from '../../../oci/errors.ts'
import { failed } from './answers.ts'
import { askWhole } from './ask.ts'
import type { Line, Question } from './line.ts'
import { jsonOf, nextOf } from './pages.ts'
import type { ApiCall, ApiReply } from './types.ts'

/** Methods that may be repeated without being asked (RFC 9110, 9.2.2). */
const repeatable = ['GET', 'HEAD', 'PUT', 'DELETE']

/** A call of a vendor's own API. */
export async function callApi(line: Line, call: ApiCall): Promise<ApiReply> {
  const question = questionOf(line, call)
  const { status, headers, content } = await askWhole(line, question)
  return {
    status,
    headers,
    text: content.toString(),
    json: (read = (json) => json as never) => read(jsonOf(line, question, content)),
    next: nextOf({ ...line, base: question.url }, question, headers['link']),
  }
}

function questionOf(line: Line, call: ApiCall): Question {
  const { method = 'GET', path, headers = {}, body, authorization = 'endpoint', isRepeatable } = call
  const isWhole = /^https?:\/\//.test(path)
  const url = isWhole ? path : `${line.base}/${path.replace(/^\/+/, '')}`
  if (!URL.canParse(url)) throw new OciError('BAD_REQUEST', 'the path of the call makes no URL')
  const isOwn = new URL(url).origin === new URL(line.base).origin
  const isText = typeof body === 'string' || Buffer.isBuffer(body)
  if (authorization !== 'none' && !isOwn) {
    throw failed(line, { method, url }, 'refused', 'the credential is for the endpoint alone: use authorization none')
  }
  return {
    method,
    url,
    headers: { accept: 'application/json', ...(body === undefined || isText ? {} : jsonType), ...headers },
    showsCredential: authorization === 'endpoint',
    ...(typeof authorization === 'object' ? { scopes: [authorization.scope] } : {}),
    ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    expects: call.expects ?? succeeded,
    isRepeatable: isRepeatable ?? repeatable.includes(method),
  }
}

const jsonType = { 'content-type': 'application/json' }

/** 200 to 299. */
const succeeded = Array.from({ length: 100 }, (_, index) => 200 + index)
