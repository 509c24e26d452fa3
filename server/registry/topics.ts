import { topic } from '../catalog/topic.ts'

export const facts = {
  signingKeyRotated: topic<{ keyId: string }>('signing-key.rotated', { resource: ({ keyId }) => keyId }),
}
