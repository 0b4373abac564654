import { answer, clientOf } from "../../../lib/supabase.js";

export async function POST(request) {
  const { product_id } = await request.json();
  return answer(await clientOf(request).rpc("run_analysis", { product_id }));
}
