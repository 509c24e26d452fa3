import { createHash, createHmac } from 'node:crypto'

/** A request to sign. `headers` are all that are signed, beside `host`; names in lower case. */
type Signable = { method: string; url: string; headers: Readonly<Record<string, string>>; body: string }

type Keys = { id: string; secret: string; token?: string }

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
export const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** `20260131T235959Z`. */
const compactTime = (at: Date): string => at.toISOString().replace(/[-:]|\.\d+/g, '')

/** The request in one form for all: its method, path, query, headers and body (AWS Signature Version 4, step 1). */
function canonical(
  { method, url, headers, body }: Signable,
  pathOf = (pathname: string) => pathname,
): { text: string; names: string } {
  const { pathname, searchParams, host } = new URL(url)
  const all = Object.entries({ ...headers, host }).sort(([a], [b]) => (a < b ? -1 : 1))
  const query = [...searchParams]
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .sort()
    .join('&')
  const names = all.map(([name]) => name).join(';')
  const lines = all.map(([name, value]) => `${name}:${value.trim()}\n`).join('')
  return { names, text: [method, pathOf(pathname), query, lines, names, sha256(body)].join('\n') }
}

/** RFC 3986: everything but letters, digits and `-._~`. */
const escaped = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)

type Chain = { algorithm: string; first: string; scope: string[]; time: string }

/** A signature by a key that is derived in steps: of the day, the region, the service. */
function chained(request: Signable, { id, secret }: Keys, { algorithm, first, scope, time }: Chain): string {
  const { text, names } = canonical(request)
  const key = scope.reduce<string | Buffer>(hmac, first + secret)
  const signature = hmac(key, [algorithm, time, scope.join('/'), sha256(text)].join('\n')).toString('hex')
  return `${algorithm} Credential=${id}/${scope.join('/')}, SignedHeaders=${names}, Signature=${signature}`
}

type Service = { service: string; region: string }

/** Headers with AWS Signature Version 4. */
export function signForAws(request: Signable, keys: Keys, { service, region }: Service, at = new Date()) {
  const time = compactTime(at)
  const headers = { ...request.headers, 'x-amz-date': time, ...(keys.token && { 'x-amz-security-token': keys.token }) }
  const scope = [time.slice(0, 8), region, service, 'aws4_request']
  const chain = { algorithm: 'AWS4-HMAC-SHA256', first: 'AWS4', scope, time }
  return { ...headers, authorization: chained({ ...request, headers }, keys, chain) }
}

/**
 * Headers with Volcano Engine's signature: that of AWS with other words. The caller adds `x-content-sha256`
 * (https://www.volcengine.com/docs/6369/67269).
 */
export function signForVolcengine(request: Signable, keys: Keys, { service, region }: Service, at = new Date()) {
  const time = compactTime(at)
  const headers = { ...request.headers, 'x-date': time }
  const scope = [time.slice(0, 8), region, service, 'request']
  const chain = { algorithm: 'HMAC-SHA256', first: '', scope, time }
  return { ...headers, authorization: chained({ ...request, headers }, keys, chain) }
}

/** Headers with Tencent Cloud's signature (TC3-HMAC-SHA256): no region, time in seconds, and values in lower case. */
export function signForTencent(request: Signable, keys: Keys, service: string, at = new Date()) {
  const time = String(Math.floor(at.getTime() / 1000))
  const scope = [at.toISOString().slice(0, 10), service, 'tc3_request']
  const chain = { algorithm: 'TC3-HMAC-SHA256', first: 'TC3', scope, time }
  const lower = Object.entries(request.headers).map(([name, value]) => [name, value.toLowerCase()] as const)
  const authorization = chained({ ...request, headers: Object.fromEntries(lower) }, keys, chain)
  return { ...request.headers, 'x-tc-timestamp': time, authorization }
}

/** Headers with Alibaba Cloud's signature, version 3 (ACS3-HMAC-SHA256). `nonce`: another for each request. */
export function signForAlibaba(request: Signable, { id, secret }: Keys, nonce: string, at = new Date()) {
  const headers = {
    ...request.headers,
    'x-acs-content-sha256': sha256(request.body),
    'x-acs-date': at.toISOString().replace(/\.\d+/, ''),
    'x-acs-signature-nonce': nonce,
  }
  const { text, names } = canonical({ ...request, headers })
  const signature = hmac(secret, `ACS3-HMAC-SHA256\n${sha256(text)}`).toString('hex')
  return {
    ...headers,
    authorization: `ACS3-HMAC-SHA256 Credential=${id},SignedHeaders=${names},Signature=${signature}`,
  }
}

/** Its parts escaped, and with a slash at its end: Huawei Cloud's "CanonicalURI". */
const huaweiPath = (pathname: string) =>
  pathname
    .replace(/\/?$/, '/')
    .split('/')
    .map((part) => escaped(decodeURIComponent(part)))
    .join('/')

/**
 * Headers with Huawei Cloud's signature, SDK-HMAC-SHA256
 * (https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm.html).
 */
export function signForHuawei(request: Signable, { id, secret }: Keys, at = new Date()) {
  const time = compactTime(at)
  const headers = { ...request.headers, 'x-sdk-date': time }
  const { text, names } = canonical({ ...request, headers }, huaweiPath)
  const signature = hmac(secret, `SDK-HMAC-SHA256\n${time}\n${sha256(text)}`).toString('hex')
  return { ...headers, authorization: `SDK-HMAC-SHA256 Access=${id}, SignedHeaders=${names}, Signature=${signature}` }
}
