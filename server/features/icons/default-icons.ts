import { digestOf, type Digest } from '../../../oci/digest.ts'

export type Icon = { contentType: string; content: Buffer }

/** The outline of each kind in a square of 24: drawn for Marina. */
const shapes: Record<string, string> = {
  IMAGE: '<path d="M3 8l9-4 9 4v8l-9 4-9-4z"/><path d="M3 8l9 4 9-4M12 12v8"/>',
  CHART:
    '<circle cx="12" cy="12" r="8"/><circle cx="12" cy="12" r="2"/>' +
    '<path d="M12 2v8M12 14v8M2 12h8M14 12h8M5 5l5.5 5.5M13.5 13.5L19 19M19 5l-5.5 5.5M10.5 13.5L5 19"/>',
  CNAB: '<rect x="4" y="8" width="16" height="12" rx="1"/><path d="M4 8l3-4h10l3 4M12 4v16"/>',
  WASM: '<path d="M4 4h5a3 3 0 006 0h5v16H4z"/><path d="M7 11l1.5 6 1.5-4 1.5 4L13 11M15 17l1.5-6 1.5 6"/>',
  SBOM: '<path d="M6 3h9l4 4v14H6z"/><path d="M9 10h7M9 14h7M9 18h4"/>',
  CNAI:
    '<circle cx="5" cy="12" r="2"/><circle cx="12" cy="5" r="2"/>' +
    '<circle cx="12" cy="19" r="2"/><circle cx="19" cy="12" r="2"/>' +
    '<path d="M6.5 10.5l4-4M13.5 6.5l4 4M6.5 13.5l4 4M13.5 17.5l4-4M12 7v10"/>',
  'signature.cosign': '<path d="M3 17c4-8 6-12 8-11s-3 8-1 9 4-6 6-5-1 4 1 4h4M3 21h18"/>',
  'signature.notation': '<circle cx="12" cy="9" r="6"/><path d="M9.5 9l2 2 3-4M9 14l-2 8 5-3 5 3-2-8"/>',
  'sbom.harbor': '<path d="M6 3h9l4 4v14H6z"/><path d="M9 11l1 1 2-2M9 16l1 1 2-2M14 11h2M14 16h2"/>',
  'accelerator.nydus': '<path d="M13 2L5 13h6l-2 9 10-13h-7z"/>',
  'subject.accessory': '<path d="M9 15l6-6M10 6l2-2a4 4 0 016 6l-2 2M14 18l-2 2a4 4 0 01-6-6l2-2"/>',
  UNKNOWN: '<path d="M5 4h14v16H5z"/><path d="M9.5 9a2.5 2.5 0 115 .5c0 2-2.5 2-2.5 4M12 16.5v.5"/>',
}

const draw = (shape: string) =>
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#0a6e8c" stroke-width="1.5" ' +
  `stroke-linecap="round" stroke-linejoin="round">${shape}</svg>`

const byType = new Map(Object.entries(shapes).map(([type, shape]) => [type, digestOf(Buffer.from(draw(shape)))]))
const byDigest = new Map(Object.entries(shapes).map(([type, shape]) => [byType.get(type)!, shape]))

/** The icon of an artifact or accessory that was pushed without one. */
export function iconOf(type: string): Digest {
  return byType.get(type) ?? byType.get('UNKNOWN')!
}

export function findDefaultIcon(digest: Digest): Icon | undefined {
  const shape = byDigest.get(digest)
  return shape === undefined ? undefined : { contentType: 'image/svg+xml', content: Buffer.from(draw(shape)) }
}
