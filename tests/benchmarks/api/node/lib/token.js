// The token's check, with a cache of what was verified, as PostgREST has one.
import { readFileSync } from "node:fs";
import { importJWK, jwtVerify } from "jose";

const key = await importJWK(JSON.parse(readFileSync(process.env.PUBLIC_KEY)), "ES256");
const known = new Map();

export async function claimsOf(authorization) {
  const token = authorization.slice("Bearer ".length);
  const seen = known.get(token);
  if (seen && seen.expiresAt > Date.now()) return seen.claims;
  const { payload } = await jwtVerify(token, key, { audience: "authenticated" });
  if (known.size >= 20_000) known.clear();
  const claims = JSON.stringify(payload);
  known.set(token, { expiresAt: payload.exp * 1000, claims });
  return claims;
}
