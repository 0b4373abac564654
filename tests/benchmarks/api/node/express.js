// Express with pg: one transaction per request under the same policies.
import express from "express";
import pg from "pg";
import { claimsOf } from "./lib/token.js";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const app = express();
app.use(express.json());

const BECOME =
  "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', $1, true)";
const NEWEST = "order by created_at desc, id desc limit 20";
const answers = {
  list: `select * from public.products ${NEWEST}`,
  get: "select * from public.products where id = $1",
  insert: "insert into public.products (name, source_url) values ($1, $2) returning *",
  run: "select * from public.run_analysis($1)",
  overview: `select * from public.product_overview ${NEWEST}`,
};

// Named, so that each is prepared once per connection.
async function rows(request, name, ...values) {
  const claims = await claimsOf(request.get("authorization"));
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query({ name: "become", text: BECOME, values: [claims] });
    const result = await client.query({ name, text: answers[name], values });
    await client.query("commit");
    return result.rows;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

app.get("/products", async (request, response) => response.json(await rows(request, "list")));
app.get("/products/:id", async (request, response) => {
  const [row] = await rows(request, "get", request.params.id);
  row ? response.json(row) : response.sendStatus(404);
});
app.post("/products", async (request, response) => {
  const { name, source_url } = request.body;
  const [row] = await rows(request, "insert", name, source_url);
  response.status(201).json(row);
});
app.post("/analysis", async (request, response) => {
  const [row] = await rows(request, "run", request.body.product_id);
  response.json(row);
});
app.get("/overview", async (request, response) => response.json(await rows(request, "overview")));

app.listen(Number(process.env.PORT), "127.0.0.1");
