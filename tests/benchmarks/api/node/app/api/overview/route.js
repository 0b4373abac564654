import { answer, clientOf } from "../../../lib/supabase.js";

export async function GET(request) {
  const newest = clientOf(request).from("product_overview").select("*");
  return answer(await newest
    .order("created_at", { ascending: false }).order("id", { ascending: false }).limit(20));
}
