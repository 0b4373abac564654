import type { Settings } from '@creatorscook/client'

export type PageSettings = Settings & {
  /** Where the stand-in for Clerk gives session tokens. */
  sessionUrl: string
}

/** What the server of this page says about itself. */
export async function loadSettings(): Promise<PageSettings> {
  const answer = await fetch('/settings.json')
  if (!answer.ok) throw new Error(`settings.json: ${answer.status}`)
  const { apiUrl, edgeUrl, anonKey, sessionUrl } = (await answer.json()) as Partial<PageSettings>
  if (!anonKey || !sessionUrl) throw new Error('settings.json lacks anonKey or sessionUrl')
  const here = location.origin
  return { apiUrl: apiUrl ?? here, edgeUrl: edgeUrl ?? here, anonKey, sessionUrl }
}
