import type { Settings } from '@creatorscook/client'

export type PageSettings = Settings & {
  /** The stand-in for Clerk. */
  clerkUrl: string
}

/** What the server of this page says about itself. The API is where the page is, if it says no other. */
export async function loadSettings(): Promise<PageSettings> {
  const answer = await fetch('/settings.json')
  if (!answer.ok) throw new Error(`settings.json: ${answer.status}`)
  const { apiUrl = location.origin, edgeUrl, anonKey, clerkUrl } = (await answer.json()) as Partial<PageSettings>
  if (!anonKey || !clerkUrl) throw new Error('settings.json lacks anonKey or clerkUrl')
  return { apiUrl, anonKey, clerkUrl, ...(edgeUrl && { edgeUrl }) }
}
