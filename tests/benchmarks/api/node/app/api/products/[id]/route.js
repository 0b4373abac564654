import { answer, clientOf } from "../../../../lib/supabase.js";

export async function GET(request, { params }) {
  const { id } = await params;
  return answer(await clientOf(request).from("products").select("*").eq("id", id).single());
}
