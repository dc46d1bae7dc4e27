import { it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import denoJson from "../../deno.json" with { type: "json" };
import jsrJson from "../../jsr.json" with { type: "json" };
import packageJson from "../../package.json" with { type: "json" };

it("jsr.json mirrors deno.json", () => {
  const { name, version, license, exports, publish } = denoJson;
  assertEquals(jsrJson, { name, version, license, exports, publish });
});

it("package.json mirrors deno.json", () => {
  const { name, version, license, exports } = packageJson;
  assertEquals({ name, version, license, exports }, {
    name: denoJson.name,
    version: denoJson.version,
    license: denoJson.license,
    exports: denoJson.exports,
  });
});

it("package.json and deno.json ask for the same npm packages", () => {
  const asked = { ...packageJson.dependencies, ...packageJson.devDependencies };
  const targets = Object.entries(asked).map(([name, version]) => `npm:${name}@${version}`);
  const imports = Object.values(denoJson.imports).filter((target) => target.startsWith("npm:"));
  assertEquals(imports.filter((target) => !targets.includes(target)), []);
});

it("what users install may be older or newer, and what only tests need is pinned", () => {
  // Two copies of Hono or of OpenTelemetry in one program would not know each other's objects.
  for (const range of Object.values(packageJson.dependencies)) assertMatch(range, /^\^\d/);
  for (const pin of Object.values(packageJson.devDependencies)) assertMatch(pin, /^\d/);
});
