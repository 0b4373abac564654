// Express with pg: one transaction per request under the same policies.
import express from "express";
import pg from "pg";
import { claimsOf } from "./lib/token.js";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const app = express();
app.use(express.json());

// Bare: role and claims. Otherwise what PostgREST tells of a request, and then what our API does
// before each one, whoever serves it. A round trip each, as in PostgREST.
const bare = process.env.BARE === "1";
const BECOME =
  "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', $1, true)" +
  (bare
    ? ""
    : ", set_config('request.method', $2, true), set_config('request.path', $3, true)," +
      " set_config('request.headers', $4, true)");
const BEFORE =
  "select private.before_request(), current_setting('response.headers', true) as headers";
const NEWEST = "order by created_at desc, id desc limit 20";
const answers = {
  list: `select * from public.products ${NEWEST}`,
  get: "select * from public.products where id = $1",
  insert: "insert into public.products (name, source_url) values ($1, $2) returning *",
  run: "select * from public.run_analysis($1)",
  overview: `select * from public.product_overview ${NEWEST}`,
};

// Named, so that each is prepared once per connection.
async function rows(request, response, path, name, ...values) {
  const claims = await claimsOf(request.get("authorization"));
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query({
      name: "become",
      text: BECOME,
      values: bare ? [claims] : [claims, request.method, path, JSON.stringify(request.headers)],
    });
    if (!bare) {
      const before = await client.query({ name: "before", text: BEFORE });
      for (const header of JSON.parse(before.rows[0].headers || "[]")) response.set(header);
    }
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

app.get("/products", async (request, response) =>
  response.json(await rows(request, response, "/products", "list")),
);
app.get("/products/:id", async (request, response) => {
  const [row] = await rows(request, response, "/products", "get", request.params.id);
  row ? response.json(row) : response.sendStatus(404);
});
app.post("/products", async (request, response) => {
  const { name, source_url } = request.body;
  const [row] = await rows(request, response, "/products", "insert", name, source_url);
  response.status(201).json(row);
});
app.post("/analysis", async (request, response) => {
  const { product_id } = request.body;
  const [row] = await rows(request, response, "/rpc/run_analysis", "run", product_id);
  response.json(row);
});
app.get("/overview", async (request, response) =>
  response.json(await rows(request, response, "/product_overview", "overview")),
);

app.listen(Number(process.env.PORT), "127.0.0.1");
