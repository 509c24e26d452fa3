/** A platform of an image, as the API shows it. */
export type Platform = { os?: string; architecture?: string; variant?: string }

/** `linux/arm64/v8`; undefined for what is no platform, such as the attestations that buildkit puts into an index. */
export function platformText({ os = '', architecture = '', variant = '' }: Platform): string | undefined {
  if ([os, architecture].every((one) => one === '' || one === 'unknown')) return undefined
  return [os, architecture, variant].filter((one) => one !== '').join('/')
}

type Parts = { references: { platform?: Platform }[]; extra_attrs: Record<string, unknown> }

/** The platforms of an index by its entries, of an image by its config. */
export function platformsOfArtifact({ references, extra_attrs: attrs }: Parts): Platform[] {
  if (references.length > 0) return references.flatMap(({ platform }) => platform ?? [])
  const text = (name: string) => (typeof attrs[name] === 'string' ? { [name]: attrs[name] } : {})
  return [{ ...text('os'), ...text('architecture'), ...text('variant') }].filter(
    (one) => platformText(one) !== undefined,
  )
}
