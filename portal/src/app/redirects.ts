/** Paths that lead on. */
export const redirects: Record<string, string> = {
  '/p': '/projects',
  '/settings': '/settings/access',
  '/settings/ldap': '/settings/sign-in',
  '/settings/oidc': '/settings/sign-in',
}
