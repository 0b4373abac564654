import { answer, clientOf } from "../../../lib/supabase.js";

export async function GET(request) {
  const newest = clientOf(request).from("products").select("*");
  return answer(await newest
    .order("created_at", { ascending: false }).order("id", { ascending: false }).limit(20));
}

export async function POST(request) {
  const { name, source_url } = await request.json();
  return answer(
    await clientOf(request).from("products").insert({ name, source_url }).select().single(),
  );
}
