import type { Processor } from './processor.ts'

/** An index of images for several platforms. It has no attributes of its own; its references describe the images. */
export const imageIndex: Processor = {
  type: 'IMAGE',
  isFor: ({ kind }) => kind === 'index',
  read: async () => ({}),
  additions: [],
}
