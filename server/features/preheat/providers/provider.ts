/** One call of a service. Throws ProviderAway or ProviderRefused; the answer's JSON, undefined for an empty body. */
export type Ask = (method: 'GET' | 'POST', path: string, body?: object) => Promise<unknown>

/** The image that a service is to fetch. `url`: of its manifest at Marina. */
export type PreheatImage = {
  repository: string
  tag: string
  digest: string
  mediaType: string
  url: string
  /** Makes the value of the header `Authorization` with which the service may pull this image. */
  authorize(): Promise<string>
}

/** Harbor's `extra_attrs` of a policy. */
type PreheatOptions = { scope?: string; clusterIds?: number[] }

/**
 * How far a service is. `reason`: why it failed, for people. `notes`: what is worth a line in the log, such as
 * machines that did not get the image.
 */
export type Progress =
  | { state: 'running'; says: string }
  | { state: 'success'; notes: string[] }
  | { state: 'failed'; reason: string }

/** A kind of service: what is known of it, and how it is asked. */
export type Provider = {
  /** Harbor's `vendor`. */
  id: string
  about: { name: string; icon: string; maintainers: string[]; version: string; source: string }
  /** The values of `scope` that policies may have; none where the service has no scopes. */
  scopes: readonly string[]
  /** Returns when the service answers that it is healthy. */
  health(ask: Ask): Promise<void>
  /** Asks the service to fetch an image. Returns the id of its job; undefined when there is nothing to wait for. */
  preheat(ask: Ask, image: PreheatImage, options: PreheatOptions): Promise<string | undefined>
  /** Looks how far a job of the service is. */
  progress?(ask: Ask, job: string): Promise<Progress>
}

/** The service cannot be reached, or has a fault of its own: worth another try. */
export class ProviderAway extends Error {
  override name = 'ProviderAway'
}

/** The service answers, but refuses or answers what it should not: no further try can help. */
export class ProviderRefused extends Error {
  override name = 'ProviderRefused'
}
