import { topic } from '../../catalog/topic.ts'
import type { SignerContent } from './signers/signer.ts'

type OfProject = { projectId: number; name: string }
const ofSigner = { resource: ({ name }: { name: string }) => name }
const ofRoot = { type: 'trust_root', ...ofSigner }

/** Keys and certificates are public: the log shows whose signatures were trusted when. */
export const facts = {
  signerSaved: topic<OfProject & { signer: SignerContent }>('signer.saved', { ...ofSigner, operation: 'update' }),
  signerDeleted: topic<OfProject>('signer.deleted', ofSigner),
  trustRootSaved: topic<{ name: string; hash: string }>('trust-root.saved', { ...ofRoot, operation: 'update' }),
  trustRootDeleted: topic<{ name: string }>('trust-root.deleted', ofRoot),
}
