// Writes every age test vector of the cctv-age package to standard output: {name: base64}.
import * as vectors from "cctv-age";

const all = {};
for (const [name, bytes] of Object.entries(vectors)) {
  all[name] = Buffer.from(bytes).toString("base64");
}
process.stdout.write(JSON.stringify(all));
