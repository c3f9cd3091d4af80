// Sends what a plan says with Node's own fetch, as it comes, and prints the answers.
//
// The plan is a JSON list of scenes: what is sent `before`, what is then asked of the API `direct` (or
// null), what is sent `again`, and what is asked `through` the gateway. A request has a method, a URL,
// header fields, a body and how often it is sent. Printed is a JSON list of the answers, their bodies in
// base64.

import { readFileSync } from "node:fs";

const MILLISECONDS = 10_000;

/** The answer to the last of the times that the request is sent. */
async function send(step, redirect = "follow") {
  let answer;
  for (let time = 0; time < Math.max(step.times, 1); time += 1) {
    const response = await fetch(step.url, {
      method: step.method,
      headers: step.headers,
      // Bytes, for fetch would give a text a Content-Type of its own.
      body: step.body === "" ? undefined : new TextEncoder().encode(step.body),
      signal: AbortSignal.timeout(MILLISECONDS),
      redirect,
    });
    const body = Buffer.from(await response.arrayBuffer()).toString("base64");
    answer = { status: response.status, headers: Object.fromEntries(response.headers), body };
  }
  return answer;
}

async function play(scene) {
  for (const step of scene.before) await send(step);
  // An answer that leads elsewhere is the API's answer as well.
  const direct = scene.direct && (await send(scene.direct, "manual"));
  for (const step of scene.again) await send(step);
  return { direct, through: await send(scene.through) };
}

const answers = [];
for (const scene of JSON.parse(readFileSync(process.argv[2], "utf8"))) answers.push(await play(scene));
process.stdout.write(JSON.stringify(answers));
