// The peer of the receiver that stores as durably: fastify, and one committed SQLite row for each request.
// node server.js PORT DATABASE
import Database from "better-sqlite3";
import Fastify from "fastify";

const [port, path] = process.argv.slice(2);
const database = new Database(path);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");
database.exec(
  "CREATE TABLE IF NOT EXISTS delivery (id INTEGER PRIMARY KEY, received_at TEXT NOT NULL, event TEXT NOT NULL, body BLOB NOT NULL)",
);
const insert = database.prepare("INSERT INTO delivery (received_at, event, body) VALUES (?, ?, ?)");

const server = Fastify({ bodyLimit: 5 * 1024 * 1024 });
server.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
server.post("/hooks/:token", (request, reply) => {
  const payload = JSON.parse(request.body);
  insert.run(new Date().toISOString(), payload.hook.event, request.body);
  reply.send({ verdict: "accepted" });
});
await server.listen({ host: "127.0.0.1", port: Number(port) });
