import type { Adapter } from './adapter.ts'

/**
 * Docker's registry (distribution). Of a manifest it deletes all or nothing: DELETE takes a digest
 * (https://distribution.github.io/distribution/spec/api/#deleting-an-image).
 */
export const dockerRegistry: Adapter = {
  type: 'docker-registry',
  info: {
    resources: ['image'],
    cannotDeleteTags: 'a docker-registry deletes an image by its digest only, with all of its tags',
  },
}
