import type { Static } from 'typebox'
import * as api from '../../api/signatures.ts'
import { parseArtifact } from '../lib/names.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes, Problem } from '../lib/problem.ts'
import { shortDigest, time, yesNo } from '../lib/text.ts'
import type { Verb } from '../lib/verb.ts'
import { artifact } from './artifacts.ts'

type Signature = Static<typeof api.Signature>

const shape: Shape<Signature> = {
  kind: 'signature',
  name: ({ digest }) => digest,
  columns: [
    { name: 'tool', of: ({ tool }) => tool },
    { name: 'kind', of: ({ kind, predicate_type: type }) => type ?? kind, shrinks: true },
    { name: 'verified', of: ({ verified }) => yesNo(verified), style: ({ verified }) => (verified ? 'good' : 'bad') },
    { name: 'signer', of: ({ signer = '' }) => signer },
    {
      name: 'who, or why not',
      of: ({ verified, identity = '', reason }) => (verified ? identity : reason),
      shrinks: true,
    },
    { name: 'signed', of: ({ signed_at: at }) => (at === undefined ? '' : time(at)), style: () => 'dim' },
    { name: 'digest', of: ({ digest }) => shortDigest(digest), style: () => 'dim' },
  ],
}

export const signatures: Omit<Verb<{ artifact: string; require?: true }>, 'name' | 'about'> = {
  arguments: [artifact],
  options: [{ flags: '--require', about: 'end with an error unless a signature is verified' }],
  examples: [
    ['marina signatures team/app:1.0', 'who signed it, and whether the project trusts them'],
    ['marina signatures team/app:1.0 --require && deploy', 'for scripts'],
  ],
  async run({ artifact: name, require }, { client, out }) {
    const { body } = await client(api.listSignatures, { params: parseArtifact(name) })
    await out.rows(shape, body)
    if (require && !body.some(({ kind, verified }) => kind === 'signature' && verified))
      throw new Problem(`${name} has no verified signature`, {
        exitCode: exitCodes.absent,
        wayOut: 'marina trust list <project> shows whose signatures are trusted',
      })
  },
}
