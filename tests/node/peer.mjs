// The age-encryption package as a peer: one JSON request on standard input, one JSON answer on standard output.
import { readFileSync } from "node:fs";
import { Decrypter, Encrypter, armor, generateHybridIdentity, generateX25519Identity, identityToRecipient } from "age-encryption";

const request = JSON.parse(readFileSync(0, "utf8"));
const answer = {};
if (request.op === "keygen") {
  answer.identity = await (request.hybrid ? generateHybridIdentity() : generateX25519Identity());
  answer.recipient = await identityToRecipient(answer.identity);
} else if (request.op === "recipient") {
  answer.recipient = await identityToRecipient(request.identity);
} else if (request.op === "seal") {
  const encrypter = new Encrypter();
  for (const recipient of request.recipients ?? []) encrypter.addRecipient(recipient);
  if (request.passphrase) {
    encrypter.setPassphrase(request.passphrase);
    encrypter.setScryptWorkFactor(10);
  }
  const sealed = await encrypter.encrypt(Buffer.from(request.data, "base64"));
  answer.data = Buffer.from(request.armored ? armor.encode(sealed) : sealed).toString("base64");
} else {
  const decrypter = new Decrypter();
  if (request.identity) decrypter.addIdentity(request.identity);
  if (request.passphrase) decrypter.addPassphrase(request.passphrase);
  let sealed = Buffer.from(request.data, "base64");
  if (request.armored) sealed = armor.decode(sealed.toString("ascii"));
  answer.data = Buffer.from(await decrypter.decrypt(sealed)).toString("base64");
}
process.stdout.write(JSON.stringify(answer));
