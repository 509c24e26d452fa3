import type { Processor } from './processor.ts'

/** A list of images for several platforms; its references say the rest. */
export const imageIndex: Processor = {
  type: 'IMAGE',
  isFor: ({ kind }) => kind === 'index',
  read: async () => ({}),
  additions: [],
}
