import type { Client } from './client.ts'

const ROLES = ['viewer', 'editor', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Who acts for the organisation; empty for a person's own account. */
export function members(client: Client) {
  return client.rpc('members', undefined, { get: true })
}

/** Whether to show what needs a role. The server decides by itself. */
export function may(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed)
}
