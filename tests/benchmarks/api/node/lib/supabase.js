// supabase-js as a route handler makes it: a client per request that carries the caller's token.
import { createClient } from "@supabase/supabase-js";
import ws from "ws";

// PostgREST is called directly: without a gateway in front there is no /rest/v1.
const direct = (input, init) => fetch(String(input).replace("/rest/v1", ""), init);

export function clientOf(request) {
  return createClient(process.env.POSTGREST_URL, "anon", {
    auth: { persistSession: false, autoRefreshToken: false },
    global: { fetch: direct, headers: { Authorization: request.headers.get("authorization") } },
    realtime: { transport: ws },
  });
}

export function answer({ data, error, status }) {
  return Response.json(error ?? data, { status });
}
