import type { Client } from './client.ts'
import type { ExportPage } from '../../../../supabase/types/documents.ts'
import { post } from './session.js'

/** Plan, limits, what is used of them, and the subscription, if there is one. */
export function account(client: Client) {
  return client.rpc('account', undefined, { get: true })
}

export function plans(client: Client) {
  return client.from('plans').select('*').order('rank')
}

/** All pages, one after the other: `for await (const page of exportAccount(client)) …`. */
export async function* exportAccount(client: Client): AsyncGenerator<ExportPage> {
  let page = await exportPage(client, {})
  yield page
  while (page.next_cursor) {
    page = await exportPage(client, { cursor: page.next_cursor })
    yield page
  }
}

async function exportPage(client: Client, from: { cursor?: string }): Promise<ExportPage> {
  const { data, error } = await client.rpc('export_account', from)
  if (error) throw error
  return data
}

export function deleteAccount(client: Client) {
  return client.rpc('delete_account')
}

/** The address of a checkout page: `location.assign(url)`. 409 already_subscribed: use the portal. */
export async function checkoutUrl(edgeUrl: string, token: string, plan: string): Promise<string> {
  return (await post(`${edgeUrl}/subscriptions/create`, token, { plan })).url
}

/** The address of the page where people change or cancel. 404 no_customer: nothing bought yet. */
export async function portalUrl(edgeUrl: string, token: string): Promise<string> {
  return (await post(`${edgeUrl}/subscriptions/portal`, token)).url
}

/** For /billing/success: the plan as Stripe knows it now. */
export async function refreshPlan(edgeUrl: string, token: string): Promise<string> {
  return (await post(`${edgeUrl}/subscriptions/sync`, token)).plan
}

/** The page at TikTok where a creator agrees; it leads back to APP_URL/connections. */
export async function tikTokUrl(edgeUrl: string, token: string): Promise<string> {
  return (await post(`${edgeUrl}/tiktok/connect`, token)).url
}

/** For /connections, with `location.search`: hands over what TikTok put there. */
export async function connectTikTok(edgeUrl: string, token: string, search: string) {
  const query = new URLSearchParams(search)
  const [state, code] = [query.get('state') ?? '', query.get('code') ?? '']
  await post(`${edgeUrl}/tiktok/callback`, token, { state, code })
}
