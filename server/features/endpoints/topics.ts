import { topic } from '../../catalog/topic.ts'

type Endpoint = { endpointId: number; name: string }

/** `changed` holds names of fields, never a secret. */
export const facts = {
  endpointCreated: topic<Endpoint & { type: string; url: string }>('endpoint.created'),
  endpointChanged: topic<Endpoint & { changed: string[] }>('endpoint.changed'),
  endpointDeleted: topic<Endpoint>('endpoint.deleted'),
  endpointFailed: topic<Endpoint & { why: string }>('endpoint.failed', {
    isFailure: true,
    description: ({ name, why }) => `the endpoint ${name} no longer answers: ${why}`,
  }),
  endpointRecovered: topic<Endpoint>('endpoint.recovered', {
    description: ({ name }) => `the endpoint ${name} answers again`,
  }),
}
